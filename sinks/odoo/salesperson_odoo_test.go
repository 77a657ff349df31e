//go:build odoo

package odoo

import (
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// who is the salesperson of an order, and its team.
func (b *till) who(id int64) (user, team rpc.Ref) {
	b.t.Helper()
	var got []struct {
		User rpc.Ref `json:"user_id"`
		Team rpc.Ref `json:"team_id"`
	}
	if err := b.admin.Read(b.t.Context(), "sale.order", []int64{b.see(id)[0].ID}, []string{"user_id", "team_id"}, nil, &got); err != nil || len(got) != 1 {
		b.t.Fatal(err, len(got))
	}
	return got[0].User, got[0].Team
}

// TestSalesperson: it is the customer's own, else nobody, and never octail's user, whose
// name customers would read on their invoices. What a person has to do is the team
// leader's then.
func TestSalesperson(t *testing.T) {
	on(t, everywhere, "", func(t *testing.T, b *till) {
		b.put(two(101, 1), two(102, 2), two(103, 3))
		for _, id := range []int64{101, 102, 103} {
			if user, team := b.who(id); user.ID != 0 || team.ID == 0 {
				t.Errorf("order %d is sold by %d %q, in the team %d", id, user.ID, user.Name, team.ID)
			}
		}
		var ann int64
		for _, u := range b.rows(t, "res.users", nil, "login") {
			if u["login"] == "admin" {
				ann = int64(u["id"].(float64))
			}
		}
		_, team := b.who(102)
		customer := b.see(102)[0].Partner.ID
		err := b.admin.Write(t.Context(), partnerModel, []int64{customer}, map[string]any{"user_id": ann}, nil)
		if err == nil {
			err = b.admin.Write(t.Context(), "crm.team", []int64{team.ID}, map[string]any{"user_id": ann}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		own := two(104, 2)
		own.customer = 102
		b.put(own)
		want := ann
		if strings.HasSuffix(t.Name(), "/14") {
			want = 0 // its form alone knows of it
		}
		if user, _ := b.who(104); user.ID != want {
			t.Errorf("an order of a customer who has a salesperson is sold by %d %q", user.ID, user.Name)
		}
		shipped := two(103, 7) // cancelled after it was delivered
		b.refusedAs(shipped, sinks.Permanent, "", "undoes neither")
		var todo []map[string]any
		find := rpc.Find{Domain: []any{[]any{"res_model", "=", "sale.order"}}, Fields: []string{"user_id"}}
		if err := b.admin.SearchRead(t.Context(), "mail.activity", find, &todo); err != nil {
			t.Fatal(err)
		}
		if len(todo) != 1 || refOf(todo[0]["user_id"]) != ann {
			t.Errorf("the to-dos are %v, want one of the team's leader", todo)
		}
	})
}
