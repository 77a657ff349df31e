package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// order is an event of an order with one line.
func order(key, revision int, status int, comment string) string {
	return fmt.Sprintf(`{"id":"order/%d@%d","type":"octail.order.updated","subject":"order/%d","sequence":"%012d","revision":%d,"data":{"document":{"status":{"id":%d},"total":"10.0000","comment":%q,
"lines":[{"name":"Cap","model":"C","quantity":2,"price":"5.0000","total":"10.0000","options":[{"name":"Size","value":"L"}]}],"totals":[{"code":"total","title":"Total","value":"10.0000"}]}}}`,
		key, revision, key, 100*key+revision, revision, status, comment)
}

// facts are those of such an order in the shop.
func facts(status int64, comment string) Facts {
	g := &gathered{facts: Facts{Status: status, Total: "10.0000", Lines: 1}}
	g.add(unescape(comment))
	g.add("Cap", "C", "2", "5.0000", "10.0000")
	g.add("Size", "L")
	g.add("total", "Total", "10.0000")
	return g.sum()
}

func file(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lines")
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(strings.ReplaceAll(l, "\n", "") + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestJudge: what a ledger is there for is found, each for itself.
func TestJudge(t *testing.T) {
	shop := Shop{"order/1": facts(2, "5 &lt; 6 &amp;amp;"), "order/2": facts(1, ""), "order/3": facts(0, "a draft")}
	first := order(1, 1, 1, "5 < 6 &amp;")
	good := []string{first, order(1, 2, 2, "5 < 6 &amp;"), order(2, 1, 1, "")}
	for _, c := range []struct {
		name  string
		lines []string
		want  Verdict
	}{
		{"all there", good, Verdict{Committed: 2, Delivered: 2, Sent: 3}},
		{"one lost", good[:2], Verdict{Committed: 2, Delivered: 1, Lost: 1, Sent: 2}},
		{"first revision lost", good[1:], Verdict{Committed: 2, Delivered: 2, Lost: 1, Sent: 2}},
		{"revision between lost", []string{first, order(1, 3, 2, "5 < 6 &amp;"), good[2]}, Verdict{Committed: 2, Delivered: 2, Lost: 1, Sent: 3}},
		{"last revision lost", []string{first, good[2]}, Verdict{Committed: 2, Delivered: 1, Wrong: 1, Sent: 2}},
		{"kept twice", append([]string{first}, good...), Verdict{Committed: 2, Delivered: 2, Duplicated: 1, Sent: 4, DupSent: 1}},
		{"says nothing new", append(good, order(2, 2, 1, "")), Verdict{Committed: 2, Delivered: 2, Duplicated: 1, Sent: 4}},
		{"out of order", []string{good[1], first, good[2]}, Verdict{Committed: 2, Delivered: 2, Lost: 1, Reordered: 1, Sent: 3}},
		{"a byte of a text", []string{first, order(1, 2, 2, "5 < 6 &"), good[2]}, Verdict{Committed: 2, Delivered: 1, Wrong: 1, Sent: 3}},
		{"a draft", append(good, order(3, 1, 0, "a draft")), Verdict{Committed: 2, Delivered: 2, Wrong: 1, Sent: 4}},
		{"once confirmed", append(good, order(3, 1, 1, "a draft"), order(3, 2, 0, "a draft")), Verdict{Committed: 2, Delivered: 2, Sent: 5}},
		{"not deleted", append(good, order(4, 1, 1, "")), Verdict{Committed: 2, Delivered: 2, Lost: 1, Sent: 4}},
		{"deleted", append(good, order(4, 1, 1, ""), strings.Replace(order(4, 2, 1, ""), ".updated", ".deleted", 1)), Verdict{Committed: 2, Delivered: 2, Sent: 5}},
		{"wrongly deleted", append(good, strings.Replace(order(2, 2, 1, ""), ".updated", ".deleted", 1)), Verdict{Committed: 2, Delivered: 1, Lost: 1, Sent: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			records, err := Lines(file(t, c.lines...))
			if err != nil {
				t.Fatal(err)
			}
			got := Judge(shop, records, Options{})
			if clean := c.want.Lost+c.want.Duplicated+c.want.Reordered+c.want.Wrong == 0; got.Clean() != clean || len(got.Notes) == 0 != clean {
				t.Errorf("clean %v, notes %q", got.Clean(), got.Notes)
			}
			if got.Notes = nil; fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// TestRequests: what a receiver refused is not there, and what came again counts as sent.
func TestRequests(t *testing.T) {
	shop := Shop{"order/1": facts(1, "")}
	line := func(stored bool) string {
		return fmt.Sprintf(`{"id":"order/1@1","stored":%v,"event":%s}`, stored, order(1, 1, 1, ""))
	}
	for want, lines := range map[counts][]string{
		{1, 1, 0}: {line(false)},
		{0, 2, 1}: {line(false), line(true)},
		{0, 3, 2}: {line(false), line(true), line(false)},
	} {
		records, err := Requests(file(t, lines...))
		if err != nil {
			t.Fatal(err)
		}
		if v := Judge(shop, records, Options{}); (counts{v.Lost, v.Sent, v.DupSent}) != want || v.Duplicated > 0 {
			t.Errorf("%+v, want %+v", v, want)
		}
	}
}

// counts are a part of a verdict.
type counts struct{ lost, sent, dupSent int }

// TestMirror: states may skip revisions; two records of one entity, one that came too
// late and half a document are found.
func TestMirror(t *testing.T) {
	shop := Shop{"order/1": facts(2, "")}
	state := func(target string, revision, status int) string {
		_, document, _ := strings.Cut(order(1, revision, status, ""), `"document":`)
		return fmt.Sprintf(`{"record":{"target":%q,"subject":"order/1","id":"order/1@%d","revision":%d,"sequence":7,"document":%s}}`, target, revision, revision, strings.TrimSuffix(document, "}}"))
	}
	for _, c := range []struct {
		name            string
		state, requests []string
		want            Verdict
	}{
		{"skipped", []string{state("T1", 1, 1), state("T1", 4, 2)}, nil, Verdict{Committed: 1, Delivered: 1, Sent: 2}},
		{"written once more", []string{state("T1", 1, 2), state("T1", 1, 2)}, nil, Verdict{Committed: 1, Delivered: 1, Sent: 2, DupSent: 1}},
		{"two records", []string{state("T1", 1, 1), state("T2", 2, 2)}, nil, Verdict{Committed: 1, Delivered: 1, Duplicated: 1, Sent: 2}},
		{"lost", nil, []string{`{"id":"order/1@1","subject":"order/1","result":"lied"}`}, Verdict{Committed: 1, Lost: 1, Sent: 1}},
		{"came too late", []string{state("T1", 2, 2)}, []string{`{"id":"order/1@1","subject":"order/1","result":"older"}`}, Verdict{Committed: 1, Delivered: 1, Reordered: 1, Sent: 2}},
		{"half of it", []string{strings.Replace(state("T1", 2, 2), `"total":"10.0000","comment"`, `"comment"`, 1)}, nil, Verdict{Committed: 1, Wrong: 1, Sent: 1}},
		{"removed", []string{state("T1", 2, 2), `{"gone":"T1"}`}, nil, Verdict{Committed: 1, Lost: 1, Sent: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, lines := range map[string][]string{"state.jsonl": c.state, "requests.jsonl": c.requests} {
				if err := os.Rename(file(t, lines...), filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			records, err := Mirror(dir)
			if err != nil {
				t.Fatal(err)
			}
			got := Judge(shop, records, Options{States: true})
			if got.Notes = nil; fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
