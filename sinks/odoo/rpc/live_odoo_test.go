//go:build odoo

package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// real are the ways to speak to the real servers.
func real(t *testing.T) map[string]rpc.Options {
	t.Helper()
	out := map[string]rpc.Options{}
	for _, n := range odootest.Versions() {
		v, db := strconv.Itoa(n), odootest.Database(t, n)
		o := rpc.Options{URL: db.URL, Database: db.Database, Login: db.Login, Password: db.Password}
		out[v+" xmlrpc password"] = o
		o.Key, o.Password, o.Transport = db.Key, "", rpc.XMLRPC
		out[v+" xmlrpc key"] = o
		o.Transport = ""
		out[v+" auto"] = o
	}
	return out
}

// TestReal: what a call answers and what is refused is the same over both transports and
// in both versions.
func TestReal(t *testing.T) {
	for name, o := range real(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			c, err := rpc.New(o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			v, err := c.Version(ctx)
			if err != nil || fmt.Sprint(v.Major) != name[:2] {
				t.Fatal(v, err)
			}
			if uid, err := c.User(ctx); err != nil || uid < 3 {
				t.Fatal(uid, err)
			}
			const text = "Ann \"O'Neil\" <b>&amp;</b> 😀 \x00\x01\x0b\ufffe\r\n\tzß"
			ids, err := c.Create(ctx, "res.partner", []map[string]any{{"name": text, "ref": "rpc", "color": 7, "partner_latitude": 1.25}, {"name": "two", "ref": "rpc"}}, nil)
			if err != nil || len(ids) != 2 {
				t.Fatal(ids, err)
			}
			var got []struct {
				ID       int64
				Name     rpc.Text
				Email    rpc.Text
				Country  rpc.Ref    `json:"country_id"`
				Latitude rpc.Number `json:"partner_latitude"`
				Color    int
				Write    string `json:"write_date"`
				Active   bool
				Image    rpc.Text `json:"image_1920"`
			}
			if err := c.SearchRead(ctx, "res.partner", rpc.Find{Domain: []any{[]any{"id", "in", ids}}, Fields: []string{"name", "email", "country_id", "partner_latitude", "color", "write_date", "active", "image_1920"}, Order: "id", Limit: 5}, &got); err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 || strings.ReplaceAll(strings.ReplaceAll(string(got[0].Name), "\r\n", "\n"), "\ufffe", "") != "Ann \"O'Neil\" <b>&amp;</b> 😀 \n\tzß" || got[0].Email != "" || got[0].Country.ID != 0 || got[0].Latitude != "1.25" || got[0].Color != 7 || !got[0].Active || len(got[0].Write) != len("2026-11-22 16:11:47") {
				t.Errorf("%+v", got)
			}
			const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
			if err := c.Write(ctx, "res.partner", ids[:1], map[string]any{"image_1920": pixel, "email": false, "comment": nil}, nil); err != nil {
				t.Error(err)
			}
			got = got[:0]
			if err := c.Read(ctx, "res.partner", ids[:1], []string{"image_1920"}, nil, &got); err != nil || len(got) != 1 || len(got[0].Image) < 50 {
				t.Errorf("%v %+v", err, got)
			}
			got = got[:0]
			if err := c.Read(ctx, "res.partner", []int64{ids[0], 99999999}, []string{"name"}, nil, &got); err != nil || len(got) != 1 || got[0].ID != ids[0] {
				t.Errorf("%v %+v", err, got)
			}
			if ok, err := c.Allowed(ctx, "res.partner", "create"); err != nil || !ok {
				t.Error(ok, err)
			}
			if ok, err := c.Allowed(ctx, "ir.model.fields", "create"); err != nil || ok {
				t.Error(ok, err)
			}
			var loaded struct{ IDs any }
			if err := c.Call(ctx, "res.partner", "load", rpc.Args{Named: map[string]any{"fields": []string{"id", "name"}, "data": [][]any{{"octail_rpc.c_1", "L"}}}, Context: map[string]any{"lang": "en_US"}}, &loaded); err != nil || fmt.Sprint(loaded.IDs) == "false" {
				t.Error(loaded, err)
			}
			// An answer that XML-RPC cannot say.
			var external map[string]string
			err = c.Call(ctx, "res.partner", "get_external_id", rpc.Args{IDs: ids}, &external)
			if e, ok := rpc.As(err); err != nil && (!ok || e.Kind != rpc.Unknown) {
				t.Error(err)
			}
			if err := c.Call(ctx, "res.partner", "get_external_id", rpc.Args{IDs: ids}, nil); err != nil {
				t.Error(err)
			}
			for _, r := range []struct {
				model, method string
				a             rpc.Args
				kind          rpc.Kind
			}{
				{"no.model", "search", rpc.Args{Named: map[string]any{"domain": []any{}}}, rpc.Method},
				{"res.partner", "nomethod", rpc.Args{IDs: ids}, rpc.Method},
				{"res.partner", "_search", rpc.Args{Named: map[string]any{"domain": []any{}}}, rpc.Mistake},
				{"res.partner", "search_read", rpc.Args{Named: map[string]any{"domain": []any{}, "fields": []string{"nofield"}}}, rpc.Mistake},
				{"res.partner", "write", rpc.Args{IDs: ids, Named: map[string]any{"vals": map[string]any{"nofield": 1}}}, rpc.Mistake},
				{"res.partner", "write", rpc.Args{IDs: ids, Named: map[string]any{"vals": map[string]any{"partner_latitude": "nonsense"}}}, rpc.Mistake},
				{"res.partner", "write", rpc.Args{IDs: ids, Named: map[string]any{"nope": 1}}, rpc.Mistake},
				{"res.partner", "write", rpc.Args{IDs: []int64{99999999}, Named: map[string]any{"vals": map[string]any{"name": "x"}}}, rpc.Missing},
				{"res.partner", "create", rpc.Args{Named: map[string]any{"vals_list": []any{map[string]any{"name": false}}}}, rpc.Refused},
				{"res.partner", "write", rpc.Args{IDs: ids, Named: map[string]any{"vals": map[string]any{"parent_id": ids[0]}}}, rpc.Refused},
				{"ir.model.fields", "create", rpc.Args{Named: map[string]any{"vals_list": []any{map[string]any{"name": "x_a"}}}}, rpc.Denied},
			} {
				err := c.Call(ctx, r.model, r.method, r.a, &json.RawMessage{})
				e, ok := rpc.As(err)
				if !ok || e.Kind != r.kind {
					t.Errorf("%s.%s: %v, want %s", r.model, r.method, err, r.kind)
					if ok {
						t.Log(e.Name, e.Message)
					}
					continue
				}
				if class, _ := sinks.ClassOf(err); class != r.kind.Class() {
					t.Errorf("%s.%s: %s", r.model, r.method, class)
				}
				x := sinks.ExchangeOf(err)
				if strings.Contains(x.Request+x.Answer, "Traceback") || strings.Contains(x.Request, secretOf(o)) || x.Request == "" || x.Answer == "" {
					t.Errorf("%s.%s: %+v", r.model, r.method, x)
				}
			}
		})
	}
}

func secretOf(o rpc.Options) string {
	if o.Key != "" {
		return o.Key
	}
	return "<string>" + o.Password + "</string>"
}

// TestRealConnection: what is wrong with the settings.
func TestRealConnection(t *testing.T) {
	for name, o := range real(t) {
		for what, c := range map[string]struct {
			change func(*rpc.Options)
			kind   rpc.Kind
		}{
			"secret":   {func(o *rpc.Options) { o.Key, o.Password = "wrong", "wrong" }, rpc.Key},
			"database": {func(o *rpc.Options) { o.Database = "nosuch" }, rpc.Database},
			"path":     {func(o *rpc.Options) { o.URL += "/elsewhere" }, -1},
		} {
			o := o
			c.change(&o)
			client, err := rpc.New(o)
			if err != nil {
				t.Fatal(err)
			}
			err = client.SearchRead(t.Context(), "res.partner", rpc.Find{Limit: 1}, &[]any{})
			client.Close()
			t.Logf("%s, wrong %s: %v", name, what, err)
			if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked {
				t.Errorf("%s, wrong %s: %s %v", name, what, class, err)
			}
			if e, ok := rpc.As(err); c.kind >= 0 && (!ok || e.Kind != c.kind) {
				t.Errorf("%s, wrong %s: %v", name, what, err)
			}
		}
	}
}
