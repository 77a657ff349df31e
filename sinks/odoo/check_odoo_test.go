//go:build odoo

package odoo

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// TestRealCheck: what a good check shows, and that it changes nothing.
func TestRealCheck(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		s := realSink(t, r)
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Log(s.rpc.Calls(), "calls:", s.Shown())
		for _, part := range []string{"Odoo " + r.version + ".0", "database " + r.Database, "company", "may write"} {
			if !strings.Contains(s.Shown(), part) {
				t.Errorf("%q is not in %s", part, s.Shown())
			}
		}
	})
}

// TestRealCheckRights: a user with too few groups is told all that are missing.
func TestRealCheckRights(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		for _, c := range []struct {
			groups, settings string
			lacks            []string // by 19's names, then 14's
			not              string
		}{
			{"base.group_user", "", []string{"Contact / Creation|Extra Rights / Contact Creation", "Products / Create|Sales / Administrator", "Sales / Administrator|Sales / Administrator"}, "Billing"},
			{"base.group_user,sales_team.group_sale_manager,product.group_product_manager,stock.group_stock_user", "", nil, ""},
			{"base.group_user,sales_team.group_sale_manager,product.group_product_manager,stock.group_stock_user", "mappings: {status: {Complete: paid}}\n", []string{"Accounting / Invoicing|Invoicing / Billing"}, "Sales"},
			{"base.group_user,sales_team.group_sale_manager,product.group_product_manager,stock.group_stock_manager,account.group_account_invoice", "mappings: {status: {Complete: paid}}\nstock: push\ncustomers: {groups: tag}\nproducts: {specials: true}\n", nil, ""},
		} {
			login := r.user(t, strings.Split(c.groups, ","))
			s := sinkOf(t, "url: "+r.URL+"\ndatabase: "+r.Database+"\nlogin: "+login+"\npassword: "+userPassword+"\n"+c.settings)
			err := s.Check(t.Context())
			if c.lacks == nil {
				if err != nil {
					t.Errorf("%s: %v", c.groups, err)
				}
				continue
			}
			t.Log(err)
			if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked {
				t.Errorf("%s: %s %v", c.groups, class, err)
				continue
			}
			for _, both := range c.lacks {
				now, old, _ := strings.Cut(both, "|")
				if r.version == "14" {
					now = old
				}
				if !strings.Contains(err.Error(), "the group "+now+" (") {
					t.Errorf("%s: %q is not in %v", c.groups, now, err)
				}
			}
			if strings.Contains(err.Error(), c.not) {
				t.Errorf("%s: %v", c.groups, err)
			}
			if n := strings.Count(err.Error(), "\n"); n > 0 {
				t.Errorf("%d lines: octail check shows one", n+1)
			}
		}
	})
}

// TestRealCheckNames: what settings name and Odoo does not have is told at once, with the
// settings.
func TestRealCheckNames(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		s := sinkOf(t, r.settings(r.URL)+`stock: push
location: Nowhere/Stock
orders: {salesperson: nobody, team: None}
products: {services: {shipping: NONE, coupon: "99999999"}}
mappings: {category: {Desktops: None}}
`)
		err := s.Check(t.Context())
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked {
			t.Fatalf("%s %v", class, err)
		}
		for _, part := range []string{`location: Odoo shows no internal location "Nowhere/Stock"`, `orders.salesperson: `, `orders.team: `, `products.services: Odoo has no product "NONE"`, `"99999999"`, `mappings.category gives category Desktops to "None"`} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q is not in %v", part, err)
			}
		}
		s = sinkOf(t, r.settings(r.URL)+"stock: push\nlocation: WH/Stock\norders: {salesperson: connector}\n")
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestRealLoadDenied: a right that is missing for all blocks the sink, and makes no dead
// letters.
func TestRealLoadDenied(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		login := r.user(t, []string{"base.group_user"})
		s := sinkOf(t, "url: "+r.URL+"\ndatabase: "+r.Database+"\nlogin: "+login+"\npassword: "+userPassword+"\n")
		list := people(s, mark(t), 3)
		err := s.load(t.Context(), "res.partner", list, nil)
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked || list[0].item.err != nil || !strings.Contains(err.Error(), "octail check") {
			t.Errorf("%s %v", class, err)
		}
		err = s.rpc.Write(t.Context(), "res.partner", []int64{1}, map[string]any{"ref": "x"}, nil)
		if e, ok := rpc.As(err); !ok || e.Kind != rpc.Denied {
			t.Error(err)
		}
	})
}

const userPassword = "a-long-password-123"

// user makes a user with groups.
func (r server) user(t *testing.T, groups []string) string {
	t.Helper()
	admin := r.admin(t)
	var ids []any
	for _, g := range groups {
		module, name, _ := strings.Cut(g, ".")
		var ref []any
		err := admin.Call(t.Context(), "ir.model.data", "check_object_reference", rpc.Args{Named: map[string]any{"module": module, "xml_id": name}}, &ref)
		if err != nil && module == "product" {
			continue // not in 14
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, ref[1])
	}
	field := "group_ids"
	if r.version == "14" {
		field = "groups_id"
	}
	login := fmt.Sprintf("user%d", time.Now().UnixNano())
	if _, err := admin.Create(t.Context(), "res.users", []map[string]any{{"name": login, "login": login, "password": userPassword, "email": login + "@example.com", field: []any{[]any{6, 0, ids}}}}, nil); err != nil {
		t.Fatal(err)
	}
	return login
}

// TestRealKeyEnds: the end of a key is announced while octail runs, a key that has ended
// blocks, and a new one goes on.
func TestRealKeyEnds(t *testing.T) {
	t.Parallel()
	r := realServer(t, "19")
	end := func(when string) {
		r.sql(t, "UPDATE res_users_apikeys SET expiration_date = (now() at time zone 'utc') + interval '"+when+"' WHERE user_id = (SELECT id FROM res_users WHERE login = 'connector')")
	}
	log := &bytes.Buffer{}
	open := func() *sink {
		s := realSink(t, r)
		s.log = slog.New(slog.NewTextHandler(log, nil))
		return s
	}
	for _, c := range []struct {
		when, shown string
		warns       bool
	}{{"100 days", "its API key ends on ", false}, {"5 days 1 hour", "in 5 days: make a new one", true}} {
		end(c.when)
		log.Reset()
		s := open()
		if err := s.Check(t.Context()); err != nil || !strings.Contains(s.Shown(), c.shown) {
			t.Error(err, s.Shown())
		}
		if err := s.Deliver(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if warned := strings.Contains(log.String(), "octail reload"); warned != c.warns {
			t.Errorf("%s: %s", c.when, log)
		}
		before := s.rpc.Calls()
		if err := s.Deliver(t.Context(), nil); err != nil || s.rpc.Calls() != before {
			t.Error("it asks at each delivery")
		}
	}
	end("-1 minute")
	err := open().Check(t.Context())
	if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked || !strings.Contains(err.Error(), "octail reload") {
		t.Errorf("%s %v", class, err)
	}
	end("90 days")
	if err := open().Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRealWithoutEnglish: an Odoo whose only language is another one.
func TestRealWithoutEnglish(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		r.sql(t, "UPDATE res_partner SET lang = 'fr_FR' WHERE lang = 'en_US'; UPDATE ir_default SET json_value = '\"fr_FR\"' WHERE json_value = '\"en_US\"'; UPDATE res_lang SET active = (code = 'fr_FR')")
		admin := r.admin(t)
		clear := func() { // what Odoo remembers of the languages
			if r.version == "14" {
				r.sql(t, "SELECT nextval('base_cache_signaling')")
				return
			}
			if err := admin.Call(t.Context(), "ir.config_parameter", "set_param", rpc.Args{Named: map[string]any{"key": "octail.test", "value": fmt.Sprint(time.Now())}, Context: map[string]any{"lang": nil}}, nil); err != nil {
				t.Log(err)
			}
		}
		clear()
		s, mark := realSink(t, r), mark(t)
		list := people(s, mark, 3)
		list[1].cells["name"] = ""
		if err := s.load(t.Context(), "res.partner", list, nil); err != nil || list[0].id == 0 || list[2].id == 0 || list[1].err == nil {
			t.Error(err, list[1].err, list[0].err, sinks.ExchangeOf(list[0].err))
		}
	})
}
