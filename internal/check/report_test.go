package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/config"
)

func TestReport(t *testing.T) {
	ok := check.Finding{Check: "binlog", Level: check.OK, Message: "the binary log is on"}
	warning := check.Finding{Check: "retention", Level: check.Warning, Message: "short", Remedy: "SET GLOBAL x = 1;\n-- or\n\nmore"}
	bad := check.Finding{Check: "format", Level: check.Error, Message: "statements"}
	for _, c := range []struct {
		name   string
		report check.Report
		worst  check.Level
		code   int
		text   string
	}{
		{"nothing", check.Report{}, check.OK, 0, "\nEverything octail needs is in order.\n"},
		{"good", check.Report{Findings: []check.Finding{ok}}, check.OK, 0, "✓ binlog  the binary log is on\n\nEverything octail needs is in order.\n"},
		{"warnings", check.Report{Findings: []check.Finding{warning, ok}}, check.Warning, 0,
			"! retention  short\n      SET GLOBAL x = 1;\n      -- or\n\n      more\n✓ binlog     the binary log is on\n\noctail can run; 1 warning to look at.\n"},
		{"errors", check.Report{Findings: []check.Finding{bad, bad}}, check.Error, 1, "✗ format  statements\n✗ format  statements\n\n2 errors to repair.\n"},
		{"both", check.Report{Findings: []check.Finding{bad, {Check: "disk", Level: check.Warning, Message: "full"}},
			LeftOut: []check.LeftOut{{Check: "a", Reason: "no server"}, {Check: "b", Reason: "no journal"}, {Check: "c", Reason: "no server"}}}, check.Error, 1,
			"✗ format  statements\n! disk    full\n– not tried: a, c (no server)\n– not tried: b (no journal)\n\n1 error to repair, and 1 warning.\n"},
		{"unreachable", check.Report{Findings: []check.Finding{{Check: "connection", Level: check.Error, Message: "nobody"}}, Unreachable: true}, check.Error, 3,
			"✗ connection  nobody\n\nThe shop's database could not be reached, so most could not be tried.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.report.Worst(); got != c.worst {
				t.Errorf("worst is %s, want %s", got, c.worst)
			}
			if got := c.report.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			if got := textOf(c.report); got != c.text {
				t.Errorf("text:\n%s\nwant:\n%s", got, c.text)
			}
		})
	}
}

func TestReportJSON(t *testing.T) {
	for _, c := range []struct {
		report check.Report
		want   string
	}{
		{check.Report{}, `{"worst":"ok","unreachable":false,"findings":[],"left_out":[]}`},
		{check.Report{Server: canal.Server{Version: "10.11.14-MariaDB"}, Generation: "4.1", Findings: []check.Finding{{Check: "disk", Level: check.Warning, Message: "full", Remedy: "df"}},
			LeftOut: []check.LeftOut{{Check: "pins", Reason: "no journal"}}},
			`{"worst":"warning","unreachable":false,"server":"10.11.14-MariaDB","opencart":"4.1","findings":[{"check":"disk","level":"warning","message":"full","remedy":"df"}],"left_out":[{"check":"pins","reason":"no journal"}]}`},
	} {
		got, err := json.Marshal(c.report)
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v, want %s", got, err, c.want)
		}
	}
	var b bytes.Buffer // as the command writes it: a remedy can be pasted
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(check.Report{Findings: []check.Finding{{Remedy: "IDENTIFIED BY '<password>'"}}}); err != nil || !strings.Contains(b.String(), "'<password>'") {
		t.Errorf("%s, %v", b.String(), err)
	}
}

// TestSinks: all are tried, side by side, also without a database.
func TestSinks(t *testing.T) {
	i := &installation{t: t}
	dir := t.TempDir()
	i.config.Shop.MySQL.Address, i.config.Journal.Path = "unix:"+filepath.Join(dir, "none.sock"), filepath.Join(dir, "octail.db")
	d := i.deps()
	d.Warnings = []config.Warning{{File: "config.yaml", Line: 3, Message: "readable by all"}}
	one, other := make(chan struct{}), make(chan struct{})
	meet := func(ctx context.Context, here, there chan struct{}, answer error) error {
		close(here)
		select {
		case <-there:
			return answer
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.Sinks = []check.SinkCheck{
		{Name: "log", Check: func(ctx context.Context) error { return meet(ctx, one, other, nil) }},
		{Name: "erp", Check: func(ctx context.Context) error {
			return meet(ctx, other, one, errors.New("401 Unauthorized: renew the API key\nsecond line"))
		}},
		{Name: "slow", Check: func(context.Context) error { return context.DeadlineExceeded }},
		{Name: "dumb"},
		{Name: "modest", Check: func(context.Context) error { return nil }, Shown: func() string { return "the host answers, 100 %" }},
	}
	r := check.Run(t.Context(), d)
	wants(t, r, "warning config", "error connection", "error sink:erp", "error sink:slow")
	if f := found(t, r, "sink:erp"); f.Message != "401 Unauthorized: renew the API key" {
		t.Errorf("%+v", f)
	}
	if f := found(t, r, "config"); f.Message != "config.yaml:3: readable by all" {
		t.Errorf("%+v", f)
	}
	for sink, want := range map[string]string{"sink:modest": "the host answers, 100 %", "sink:log": "the target answers and takes what octail delivers"} {
		if !slices.ContainsFunc(r.Findings, func(f check.Finding) bool { return f.Check == sink && f.Level == check.OK && f.Message == want }) {
			t.Errorf("%+v", r.Findings)
		}
	}
	if last := r.LeftOut[len(r.LeftOut)-1]; last.Check != "sink:dumb" {
		t.Errorf("%+v", r.LeftOut)
	}
	wants(t, check.Essential(t.Context(), d), "error connection")
}
