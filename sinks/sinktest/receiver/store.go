package receiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What became of a request.
const (
	Stored  = "stored"
	Repeat  = "repeat"  // it has this revision already
	Older   = "older"   // it has a newer one
	Unknown = "unknown" // the record that the request names is not there
	Lied    = "lied"    // answered as if it were stored
	Refused = "refused" // answered by an error
	Failed  = "failed"  // not answered, or not as it has to be
	Read    = "read"    // nothing to store: compare, erase, ping
)

// store is what a receiver holds. Its user locks it.
type store struct {
	records map[string]*entry // by subject; those made by hand and not linked by target
	targets map[string]*entry
	next    int
}

type entry struct {
	Record
	before []Record // what it was, oldest first
}

func newStore() *store {
	return &store{records: map[string]*entry{}, targets: map[string]*entry{}}
}

// change is one line of the state file: the record as it is now, or the moment to
// which everything went back.
type change struct {
	Record   *Record    `json:"record,omitempty"`
	Back     *time.Time `json:"back,omitempty"`
	Gone     string     `json:"gone,omitempty"` // target of a record that somebody removed
	Personal string     `json:"personal,omitempty"`
}

// take decides what becomes of a request. The change is nil when it changes nothing.
func (s *store) take(q Request, now time.Time) (result string, held Record, c *change) {
	e := s.records[q.Subject]
	if q.Target != "" {
		if e = s.targets[q.Target]; e == nil || e.Subject != "" && e.Subject != q.Subject {
			return Unknown, Record{}, nil
		}
	}
	if e != nil && e.ID != "" && birth(e.ID) == birth(q.ID) {
		switch {
		case q.Revision < e.Revision:
			return Older, e.Record, nil
		case q.Revision == e.Revision && !q.Again:
			return Repeat, e.Record, nil
		}
	}
	r := Record{Request: q, Time: now, Stored: 1, Contact: contact(q.Document)}
	if e == nil {
		r.Target = fmt.Sprintf("T%d", s.next+1)
	} else {
		r.Target, r.Stored = e.Target, e.Stored+1
	}
	return Stored, r, &change{Record: &r}
}

// apply makes a change, at once or when the state file is read.
func (s *store) apply(c change) {
	switch {
	case c.Record != nil:
		r := *c.Record
		e := s.targets[r.Target]
		if e == nil {
			e = &entry{}
			var n int
			if _, err := fmt.Sscanf(r.Target, "T%d", &n); err == nil {
				s.next = max(s.next, n)
			}
		} else {
			e.before = append(e.before, e.Record)
		}
		e.Record = r
		s.targets[r.Target] = e
		if r.ID != "" {
			s.records[r.Subject] = e
		}
	case c.Back != nil:
		s.back(*c.Back)
	case c.Gone != "":
		s.drop(c.Gone)
	case c.Personal != "":
		if e := s.records[c.Personal]; e != nil {
			e.Contact = ""
			for i := range e.before {
				e.before[i].Contact = ""
			}
		}
	}
}

// back makes everything what it was at a moment, as a restored backup does.
func (s *store) back(to time.Time) {
	for _, target := range slices.Collect(maps.Keys(s.targets)) {
		e := s.targets[target]
		for e.Time.After(to) && len(e.before) > 0 {
			e.Record, e.before = e.before[len(e.before)-1], e.before[:len(e.before)-1]
		}
		if e.Time.After(to) {
			s.drop(target)
		}
	}
}

func (s *store) drop(target string) {
	e := s.targets[target]
	if e == nil {
		return
	}
	delete(s.targets, target)
	if s.records[e.Subject] == e {
		delete(s.records, e.Subject)
	}
}

// missing are the parents that a request names and the store does not have.
func (s *store) missing(q Request) []string {
	var out []string
	for subject := range q.Parents {
		if e := s.records[subject]; e == nil || e.Deleted {
			out = append(out, subject)
		}
	}
	slices.Sort(out)
	return out
}

// half is a document without every second of its fields.
func half(document []byte) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(document, &fields) != nil {
		return document
	}
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if i%2 == 1 {
			delete(fields, name)
		}
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return document
	}
	return out
}

// same reports whether two documents mean the same.
func same(a, b []byte) bool {
	var x, y any
	for text, v := range map[*[]byte]*any{&a: &x, &b: &y} {
		d := json.NewDecoder(bytes.NewReader(*text))
		d.UseNumber()
		if d.Decode(v) != nil {
			return bytes.Equal(a, b)
		}
	}
	return reflect.DeepEqual(x, y)
}

// split takes a subject apart.
func split(subject string) (entity string, key int64) {
	entity, text, _ := strings.Cut(subject, "/")
	key, _ = strconv.ParseInt(text, 10, 64)
	return entity, key
}
