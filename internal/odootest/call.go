package odootest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"
)

// client waits as long as the slowest call may take, the first one into a new database of a
// busy machine.
var client = &http.Client{Timeout: 3 * time.Minute}

// Call calls a model's method as administrator and reads the answer into out, unless it is
// nil. The body is the one of Odoo 19's JSON-2: arguments by name, with "ids" and "context",
// a map or a struct with json tags; in 14 the same is asked over JSON-RPC. An error of any
// kind ends the test.
func (o *Odoo) Call(tb testing.TB, model, method string, body, out any) {
	tb.Helper()
	if err := o.call(o.AdminLogin, o.AdminKey, model, method, body, out); err != nil {
		tb.Fatal(err)
	}
}

// TryCall is Call as the connector's user, and returns what went wrong: for what that user
// may or may not do.
func (o *Odoo) TryCall(model, method string, body, out any) error {
	return o.call(o.Login, o.Key, model, method, body, out)
}

func (o *Odoo) call(login, key, model, method string, body, out any) error {
	if body == nil {
		body = map[string]any{}
	}
	var err error
	if o.Version < 19 {
		err = o.execute(login, key, model, method, body, out)
	} else {
		err = post(o.URL+"/json/2/"+model+"/"+method, body, out, "Authorization", "bearer "+key, "X-Odoo-Database", o.Database)
	}
	if err != nil {
		return fmt.Errorf("%s/%s: %w", model, method, err)
	}
	return nil
}

// execute is a JSON-2 call made over JSON-RPC: ids are the first argument there, and so are
// the values of new records.
func (o *Odoo) execute(login, key, model, method string, body, out any) error {
	var uid int
	if err := rpc(o.URL, "common", "login", []any{o.Database, login, key}, &uid); err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var named map[string]any
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	named, first := maps.Clone(named), []any{}
	for _, name := range []string{"ids", "vals_list"} {
		if value, ok := named[name]; ok {
			first = append(first, value)
			delete(named, name)
		}
	}
	return rpc(o.URL, "object", "execute_kw", []any{o.Database, uid, key, model, method, first, named}, out)
}

// rpc makes a call of JSON-RPC, which all versions answer.
func rpc(url, service, method string, args []any, out any) error {
	if args == nil {
		args = []any{}
	}
	var answer struct {
		Result json.RawMessage
		Error  *struct {
			Data struct{ Name, Message string }
		}
	}
	params := map[string]any{"service": service, "method": method, "args": args}
	if err := post(url+"/jsonrpc", map[string]any{"jsonrpc": "2.0", "method": "call", "params": params}, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %s", answer.Error.Data.Name, answer.Error.Data.Message)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, out)
}

// post sends JSON and reads JSON; headers are names and values by turns.
func post(url string, body, out any, headers ...string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d: %.2000s", resp.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
