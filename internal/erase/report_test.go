package erase

import (
	"strings"
	"testing"
)

func TestTold(t *testing.T) {
	for want, s := range map[string]Sink{
		"not concerned":                                               {States: true, Erases: true},
		"removes what else it keeps":                                  {States: true, Erases: true, Takes: true},
		"is to be removed there":                                      {States: true, Takes: true},
		"written already still hold":                                  {Type: "file", Takes: true},
		"before has to be removed there":                              {Type: "webhook", Takes: true},
		"there. It is told when it goes on: it fails: no [31m answer": {Type: "webhook", Takes: true, AtRest: "it fails: no \x1b[31m\nanswer"},
	} {
		if got := told([]Sink{s}); len(got) != 1 || !strings.Contains(got[0].What, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestRequest(t *testing.T) {
	for _, ok := range []Request{{Customer: 17}, {Email: "x@example.com"}, {Email: " X@EXAMPLE.COM"}} {
		if err := ok.Check(); err != nil {
			t.Errorf("%+v: %v", ok, err)
		}
	}
	for _, bad := range []Request{{}, {Customer: -1}, {Customer: 1, Email: "x@example.com"}, {Email: "x"}, {Email: "@"}, {Email: "x@"}, {Email: " "}} {
		err := bad.Check()
		if err == nil {
			t.Errorf("%+v is taken", bad)
		} else if bad.Email != "" && strings.Contains(err.Error(), "example.com") {
			t.Errorf("%v names the address", err)
		}
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	(&Report{Customer: 17, Customers: 1, Orders: 2, Events: 5, Sinks: told([]Sink{{Name: "log", Type: "file", Takes: true}})}).Text(&b)
	want := `5 events scrubbed · 1 customer, 2 orders written anew
From now on the person is left out of every document, new orders with the same address included.
  log (file): the new revisions come as further lines; lines that are written already still hold the person: remove them, in moved files and copies too
  backups (` + "`octail backup`" + `, snapshots of the disk) made before still hold the person: delete them, or erase again after one is put back
  the shop itself is not changed: erase the customer there
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}
