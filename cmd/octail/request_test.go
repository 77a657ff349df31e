package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/erase"
)

// answering runs an agent's socket that answers requests, and tells what it was asked.
func answering(t *testing.T, answer string) (config string, asked *string) {
	t.Helper()
	config, asked = writeConfig(t, ""), new(string)
	l, err := net.Listen("unix", filepath.Join(filepath.Dir(config), "s"))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = fmt.Sprintf("%s %s %s", r.Method, r.URL, body)
		fmt.Fprint(w, answer)
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return config, asked
}

func TestReconcileCommand(t *testing.T) {
	const equal = `{"total":{"in_shop":1204,"in_journal":1204}}`
	const differs = `{"total":{"in_shop":1204,"in_journal":1203,"missing":1,"different":1,"gone":1},"skipped":{"stock":"stock cannot be read"},
		"differences":[{"subject":"order/7","state":"different","fields":["lines","total"]},{"subject":"order/8","state":"missing"},{"subject":"order/9","state":"gone"}]}`
	for _, c := range []struct {
		args, answer string
		code         int
		asked        string
		parts        []string
	}{
		{"reconcile", `{"progress":` + equal + `}{"report":` + equal + `}`, 0, "POST /api/v1/reconcile ", []string{"1,204 in shop · 1,204 in journal · 0 missing · 0 different\n"}},
		{"reconcile --repair", `{"report":` + equal + `}`, 0, "POST /api/v1/reconcile?repair=true ", []string{"0 different"}},
		{"reconcile --sink log --repair", `{"report":{"sinks_only":true,"sinks":{"log":{"entities":{"order":{"compared":1204,"missing":1}},"differences":[{"subject":"order/7","missing":true}]}}}}`, 1,
			"POST /api/v1/reconcile?repair=true&sink=log ", []string{"sink log: 1,204 compared · 1 missing · 0 different\n  order/7: not in the target\n"}},
		{"reconcile --sink log", `{"report":{"sinks_only":true,"sinks":{"log":{"skipped":"401 Unauthorized"}}}}`, 3, "POST", []string{"sink log: not compared: 401 Unauthorized\n"}},
		{"reconcile --sink log,erp", "", 2, "", []string{`there is no sink "erp" in the configuration`}},
		{"reconcile", `{"report":` + differs + `}`, 1, "POST", []string{"1 missing · 1 different · 1 no longer in shop\n", "  order/7: other lines, total\n", "order/8: not in the journal", "order/9: not in the shop any more", "stock: not compared: stock cannot be read"}},
		{"reconcile --json", `{"report":` + differs + `}`, 1, "POST", []string{`"missing": 1`}},
		{"reconcile", `{"error":"the shop's database is not connected"}`, 1, "POST", []string{"octail: the shop's database is not connected"}},
		{"reconcile", `{"progress":` + equal + `}`, 3, "POST", []string{"octail: the running agent went away meanwhile"}},
	} {
		config, asked := answering(t, c.answer)
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.HasPrefix(*asked, c.asked) {
			t.Errorf("%s: %d, asked %s", c.args, code, *asked)
		}
		has(t, stdout+stderr, c.parts...)
	}
}

func TestSyncCommand(t *testing.T) {
	config, asked := answering(t, `{"report":{"request":{"entity":"order","force":true},"read":4,"changed":1,"same":2,"again":1,"failed":1,"to":["hook","log"],"once":["log"],
		"changes":[{"subject":"order/7","revision":3,"what":"updated"}],"problems":[{"subject":"order/9","cause":"neither in the shop nor in the journal"}]}}`)
	code, stdout, stderr := octail(t, "--config", config, "sync", "order", "--id", "7,8", "--id", "9", "--force")
	if code != 1 || stderr != "" || !strings.HasPrefix(*asked, "POST /api/v1/sync ") {
		t.Errorf("%d %s %s", code, stderr, *asked)
	}
	has(t, stdout, "3 read · 1 changed and delivered · 2 unchanged · 1 of them delivered once more · 1 could not be read\n", "  order/7: updated, revision 3\n",
		"order/9: neither in the shop nor in the journal", "sink log keeps a log of its own")
	for args, want := range map[string]string{
		"order --id 7,8 --id 9":                                          `{"entity":"order","ids":[7,8,9]}`,
		"order --since 2026-01-31 --status 2,3":                          `{"entity":"order","since":"2026-01-31T00:00:00Z","since_day":"2026-01-31","statuses":[2,3]}`,
		"customer --since 2026-01-31T15:00:00+01:00 --store 0 --dry-run": `{"entity":"customer","since":"2026-01-31T15:00:00+01:00","stores":[0],"dry_run":true}`,
		"order --status 2,Shipped":                                       `{"entity":"order","statuses":[2],"status_names":["Shipped"]}`,
		"order --refresh":                                                `{"entity":"order","refresh":true}`,
	} {
		octail(t, append([]string{"--config", config, "sync"}, strings.Fields(args)...)...)
		_, body, _ := strings.Cut(*asked, "/sync ")
		var got, wanted any
		if json.Unmarshal([]byte(body), &got) != nil || json.Unmarshal([]byte(want), &wanted) != nil || fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("%s: asked %s, want %s", args, body, want)
		}
	}
	*asked = ""
	for args, part := range map[string]string{
		"":                                "say what to read again: customer",
		"orders":                          "say what to read again",
		"order 7":                         "octail sync order --id 7",
		"product --status 2":              "--status is for orders only",
		"product --refresh":               "--refresh is for orders only",
		"order --id 7 --since 2026-01-01": "leave out --since",
		"order --sink erp":                "with --force",
		"order --id 0":                    "above 0",
		"order --id abc":                  `--id is a number, or some with commas between them: "abc" is none`,
		"order --store x":                 "--store is a number",
		"product --status Shipped":        "--status is for orders only",
		"order --since yesterday":         "--since yesterday is no date",
	} {
		code, stdout, stderr := octail(t, append([]string{"--config", config, "sync"}, strings.Fields(args)...)...)
		if code != 2 || stdout != "" || *asked != "" {
			t.Errorf("sync %s: %d %s %s", args, code, stdout, *asked)
		}
		has(t, stderr, part)
	}
}

func TestEraseCommand(t *testing.T) {
	const done = `{"report":{"customer":17,"customers":1,"orders":3,"events":9,"sinks":[{"sink":"log","type":"file","what":"remove them"}]}}`
	const left = `{"report":{"events":1,"orders":1,"failed":[{"subject":"order/9","cause":"no such\ntable"}],"left":{"/var/lib/octail/octail.db.old":2}}}`
	for _, c := range []struct {
		args, answer string
		code         int
		asked        string
		parts        []string
	}{
		{"erase customer 17 --yes", done, 0, `POST /api/v1/erase {"customer":17}`, []string{"9 events scrubbed · 1 customer, 3 orders written anew\n", "log (file): remove them", "backups", "From now on"}},
		{"erase customer --email x@example.com", left, 1, `POST /api/v1/erase {"email":"x@example.com"}`,
			[]string{"1 event scrubbed", "order/9 could not be read again and still holds the person: no such table\n", "octail.db.old still has an address of the person 2 times", "Not finished"}},
		{"erase customer 17 --json", done, 0, "POST", []string{`"events": 9`}},
		{"erase customer 17", `{"report":{"customer":17}}`, 0, "POST", []string{"holds nothing of the person"}},
		{"erase customer 17", `{"error":"no such thing","mistake":true}`, 2, "POST", []string{"no such thing"}},
		{"erase customer 17", `{"error":"the shop's database does not answer","unreachable":true}`, 3, "POST", []string{"does not answer"}},
	} {
		config, asked := answering(t, c.answer)
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.HasPrefix(*asked, c.asked) {
			t.Errorf("%s: %d, asked %s", c.args, code, *asked)
		}
		has(t, stdout+stderr, c.parts...)
	}
	config, asked := answering(t, done)
	for args, part := range map[string]string{
		"": "octail erase customer 17", "order 17": "octail erase customer 17", "customer": "id or an e-mail address", "customer 0": "no customer's id", "customer 1 2": "octail erase customer",
		"customer x@example.com": "--email", "customer 17 --email x@example.com": "not both", "customer --email alice": "no e-mail address",
	} {
		code, _, stderr := octail(t, append([]string{"--config", config, "erase"}, strings.Fields(args)...)...)
		if code != 2 || *asked != "" {
			t.Errorf("erase %s: %d, asked %s", args, code, *asked)
		}
		has(t, stderr, part)
	}
	p := &program{stderr: io.Discard}
	for answer, want := range map[string]bool{"yes\n": true, "yes": true, "y\n": false, "\n": false, "": false} {
		if p.confirmed(strings.NewReader(answer), erase.Request{Customer: 17}) != want {
			t.Errorf("%q", answer)
		}
	}
}

// TestNeedsTheAgent: what only the agent can do.
func TestNeedsTheAgent(t *testing.T) {
	for _, args := range []string{"sync order", "reconcile", "erase customer 17"} {
		code, stdout, stderr := octail(t, append([]string{"--config", writeConfig(t, "")}, strings.Fields(args)...)...)
		if code != 3 || stdout != "" {
			t.Errorf("%s: %d %s", args, code, stdout)
		}
		has(t, stderr, "the agent is not running", "systemctl start octail")
	}
}

// TestInterrupted: whoever gives up waiting for an agent that hangs is told what becomes of
// the request, not that something cannot be reached.
func TestInterrupted(t *testing.T) {
	config := writeConfig(t, "")
	l, err := net.Listen("unix", filepath.Join(filepath.Dir(config), "s"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then it is noticed that somebody leaves
		cancel()
		<-r.Context().Done()
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	var stdout, stderr bytes.Buffer
	if code := execute(ctx, []string{"--config", config, "sync", "order"}, &stdout, &stderr); code != 1 || stdout.Len() > 0 {
		t.Errorf("%d %s", code, stdout.String())
	}
	has(t, stderr.String(), "interrupted; what was begun goes on")
}
