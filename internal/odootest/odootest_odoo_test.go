//go:build odoo

package odootest_test

import (
	"fmt"
	"strings"
	"testing"

	"octail/internal/odootest"
)

// versions runs a test on 19 and on 14.
func versions(t *testing.T, test func(t *testing.T, version int)) {
	t.Parallel()
	for _, v := range odootest.Versions() {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

func TestDatabase(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		a, b := odootest.Database(t, version), odootest.Database(t, version)

		var created []int
		a.Call(t, "res.partner", "create", map[string]any{"vals_list": []any{map[string]any{"name": "Maria", "ref": "x-1"}}}, &created)
		var found []struct{ Name string }
		body := map[string]any{"domain": []any{[]any{"ref", "=", "x-1"}}, "fields": []string{"name"}}
		if err := a.TryCall("res.partner", "search_read", body, &found); err != nil {
			t.Fatal(err)
		}
		if len(created) != 1 || len(found) != 1 || found[0].Name != "Maria" {
			t.Errorf("created %v and found %v", created, found)
		}
		b.Call(t, "res.partner", "search_read", body, &found)
		if len(found) != 0 {
			t.Errorf("one database's partner is in the other: %v", found)
		}
		if rows := a.SQL(t, "SELECT name, ref, NULL FROM res_partner WHERE ref = 'x-1'"); fmt.Sprint(rows) != "[[Maria x-1 ]]" {
			t.Errorf("SQL: %q", rows)
		}
	})
}

// TestConnectorIsNoAdministrator: or its rights would be no test.
func TestConnectorIsNoAdministrator(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		o := odootest.Database(t, version)
		vals := map[string]any{"vals_list": []any{map[string]any{"key": "x", "value": "y"}}}
		if err := o.TryCall("ir.config_parameter", "create", vals, nil); err == nil {
			t.Error("the connector's user may set system parameters")
		}
		o.Call(t, "ir.config_parameter", "create", vals, nil)
	})
}

func TestWithVAT(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		installed := func(o *odootest.Odoo) string {
			return fmt.Sprint(o.SQL(t, "SELECT state FROM ir_module_module WHERE name = 'base_vat'"))
		}
		if got := installed(odootest.WithVAT(t, version)); got != "[[installed]]" {
			t.Errorf("base_vat is %s", got)
		}
		if got := installed(odootest.Database(t, version)); got != "[[uninstalled]]" {
			t.Errorf("without asking for it base_vat is %s", got)
		}
	})
}

func TestPrivate(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		o := odootest.Private(t, version)
		other := odootest.Database(t, version)
		url := o.URL
		me := map[string]any{"ids": []int{2}, "fields": []string{"login"}}
		var users []struct{ Login string }
		o.Call(t, "res.users", "read", me, nil)
		o.Kill()
		if err := o.TryCall("res.users", "read", me, nil); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("after kill: %v", err)
		}
		other.Call(t, "res.users", "read", me, nil)
		o.Start(t)
		o.Call(t, "res.users", "read", me, &users)
		if o.URL != url || len(users) != 1 || users[0].Login != o.AdminLogin {
			t.Errorf("started again at %s (before: %s) with %v", o.URL, url, users)
		}
	})
}
