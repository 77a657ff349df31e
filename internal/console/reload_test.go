package console_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"octail/internal/console"
)

// TestReload: who may change something may ask for it; the answer has every reason.
func TestReload(t *testing.T) {
	a := &agent{reload: &console.Reload{Mistakes: []string{"config.yaml:3: no"}, Restart: []string{"shop.name"}}}
	if w := ask(a.handler(token, false), "POST", "/api/v1/reload"); w.Code != 403 || len(a.asked) > 0 {
		t.Errorf("without the token: %d %q", w.Code, a.asked)
	}
	if w := ask(a.handler("", false), "POST", "/api/v1/reload", bearer("")); w.Code != 403 || len(a.asked) > 0 {
		t.Errorf("where none is set: %d %q", w.Code, a.asked)
	}
	if w := ask(a.handler("", true), "GET", "/api/v1/reload"); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
	for _, w := range []string{
		ask(a.handler(token, false), "POST", "/api/v1/reload", bearer(token)).Body.String(),
		ask(a.handler("", true), "POST", "/api/v1/reload").Body.String(),
	} {
		has(t, w, `{"report":{"applied":false,"mistakes":["config.yaml:3: no"],"restart":["shop.name"]}}`)
	}
	a.err = errors.New("octail stops just now")
	has(t, ask(a.handler("", true), "POST", "/api/v1/reload").Body.String(), `{"error":"octail stops just now"}`)
	if want := []string{"reload", "reload", "reload"}; !slices.Equal(a.asked, want) {
		t.Errorf("%q", a.asked)
	}
}

func TestReloadText(t *testing.T) {
	sinks := []console.ReloadedSink{{Name: "log", What: "unchanged"}, {Name: "erp", What: "changed", Compare: "octail reconcile --sink erp --repair"}, {Name: "crm", What: "added"}, {Name: "wms", What: "added"}, {Name: "old", What: "removed"}}
	for _, c := range []struct {
		r    console.Reload
		want string
	}{
		{console.Reload{Applied: true, Sinks: sinks, Changed: []string{"log.level"}, Warnings: []string{"config.yaml:9: everybody may read the file"}}, `! config.yaml:9: everybody may read the file
  sink log: unchanged
  sink erp: changed
    what it was given before follows when it changes next, or is compared; at once: octail reconcile --sink erp --repair
  sink crm: added
  sink wms: added
  sink old: removed
  log.level: changed
✓ The configuration is in use: added sinks crm, wms; changed sink erp; removed sink old; changed log.level.
`},
		{console.Reload{Applied: true, Sinks: sinks[:1]}, "  sink log: unchanged\n✓ The configuration is in use: nothing has changed.\n"},
		{console.Reload{Sinks: sinks, Changed: []string{"log.level"}, Mistakes: []string{"config.yaml:3: no"}, Restart: []string{"shop.name"}, Errors: []string{"sink erp: no"}}, `✗ config.yaml:3: no
✗ shop.name was changed, which a running octail cannot take: restart octail to apply it, or put the old value back
✗ sink erp: no
Nothing was applied: octail goes on as before.
`},
	} {
		var b strings.Builder
		if c.r.Text(&b); b.String() != c.want {
			t.Errorf("%s\nwant\n%s", b.String(), c.want)
		}
	}
}
