package console

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMeant: what was meant for another shop, or for another configuration file, is not
// done here; a request that does not say is for whoever gets it.
func TestMeant(t *testing.T) {
	dir := t.TempDir()
	file, link, other := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "link.yaml"), filepath.Join(dir, "b.yaml")
	for _, f := range []string{file, other} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ header, value, says string }{
		{ShopHeader, "", ""},
		{ShopHeader, "main-shop", ""},
		{ShopHeader, "other-shop", `of the shop "main-shop"`},
		{ConfigHeader, file, ""},
		{ConfigHeader, link, ""},
		{ConfigHeader, other, "octail --config " + file + " reload"},
		{ConfigHeader, filepath.Join(dir, "missing.yaml"), "is another file"},
	} {
		done := false
		h := Meant("main-shop", file, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done = true }))
		r := httptest.NewRequest("POST", "/api/v1/pause", nil)
		if c.value != "" {
			r.Header.Set(c.header, c.value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if done != (c.says == "") || !done && (w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.says)) {
			t.Errorf("%s %s: done %v, %d %s", c.header, c.value, done, w.Code, w.Body)
		}
	}
}
