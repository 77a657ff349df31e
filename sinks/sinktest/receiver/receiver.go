package receiver

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// mostBody bounds a request.
const mostBody = 256 << 20

// Receiver is the target. Its methods may be called from several goroutines.
type Receiver struct {
	faults faults
	now    func() time.Time

	mu       sync.Mutex
	store    *store
	files    *files
	lines    []Line
	counts   Counts
	inFlight map[string]int // requests on the way, by subject
	closed   chan struct{}
	ending   sync.Once
}

// Counts are sums over all requests since the start.
type Counts struct {
	Requests int `json:"requests"` // records of batches each
	Stored   int `json:"stored"`
	Repeats  int `json:"repeats"`
	Older    int `json:"older"`
	Refused  int `json:"refused"`  // all that a fault met
	Changed  int `json:"changed"`  // repeats with another document: must be 0
	Orphans  int `json:"orphans"`  // stored while a parent it names was not there
	Most     int `json:"most"`     // requests at once
	Overlaps int `json:"overlaps"` // two for one entity at once: must be 0
	Records  int `json:"records"`  // it holds, deleted ones included
}

// New makes a receiver that keeps its files in a folder and goes on with what it finds
// there; "" keeps nothing.
func New(dir string) (*Receiver, error) {
	r := &Receiver{store: newStore(), inFlight: map[string]int{}, now: time.Now, closed: make(chan struct{})}
	var err error
	r.files, err = openFiles(dir, r.store.apply)
	return r, err
}

// Close ends the requests that hang, and lets go of the files.
func (r *Receiver) Close() error {
	r.ending.Do(func() { close(r.closed) })
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.files
	r.files = &files{}
	return f.close()
}

// Set adds faults. The first that meets a request counts.
func (r *Receiver) Set(list ...Fault) { r.faults.set(list) }

// Calm takes all faults away.
func (r *Receiver) Calm() { r.faults.clear() }

// Counts returns the sums.
func (r *Receiver) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Records = len(r.store.targets)
	return c
}

// Lines returns all requests since the start.
func (r *Receiver) Lines() []Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// Records returns what it holds by subject; a record that is tied to nothing stands
// under its own id.
func (r *Receiver) Records() map[string]Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]Record{}
	for target, e := range r.store.targets {
		if e.Subject == "" {
			out[target] = e.Record
		} else {
			out[e.Subject] = e.Record
		}
	}
	return out
}

// Record returns what it holds of an entity, "order/1042".
func (r *Receiver) Record(subject string) (Record, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.store.records[subject]
	if e == nil {
		return Record{}, false
	}
	return e.Record, true
}

// Add makes a record as a person in the target does: of no entity of the shop. It
// returns the record's id.
func (r *Receiver) Add() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := Record{Target: fmt.Sprintf("T%d", r.store.next+1), Time: r.now()}
	return rec.Target, r.change(change{Record: &rec})
}

// Remove takes a record away as a person in the target does.
func (r *Receiver) Remove(target string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.change(change{Gone: target})
}

// Forget makes everything what it was before a time, as a restored backup does.
func (r *Receiver) Forget(last time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	to := r.now().Add(-last)
	return r.change(change{Back: &to})
}

// change writes a change and makes it.
func (r *Receiver) change(c change) error {
	if err := r.files.write(r.files.state, c); err != nil {
		return err
	}
	r.store.apply(c)
	return nil
}

// answer is what a sink is told of one record.
type answer struct {
	ID       string          `json:"id"` // of the event it is the answer to
	Revision int64           `json:"revision"`
	Target   string          `json:"target,omitempty"`
	Result   string          `json:"result,omitempty"`
	Error    *problem        `json:"error,omitempty"`
	Sent     json.RawMessage `json:"sent,omitempty"`
	status   int
}

type problem struct {
	Status int    `json:"status"`
	Text   string `json:"text"`
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, mostBody))
	if err != nil {
		return // cut off on the way: it was not taken
	}
	x := &exchange{r: r, w: w, q: q, body: body}
	switch parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/"); {
	case q.Method == http.MethodGet && q.URL.Path == "/ping", q.Method == http.MethodHead:
		x.on = OnPing
		x.run(func() { x.reply(http.StatusOK, map[string]bool{"ok": true}) })
	case q.Method == http.MethodPost && q.URL.Path == "/compare":
		x.compare()
	case q.Method == http.MethodDelete && len(parts) == 3 && parts[2] == "personal":
		x.erase(parts[0] + "/" + parts[1])
	case q.Method == http.MethodPost && q.URL.Path == "/batch":
		x.batch()
	case q.Method == http.MethodPost:
		x.event()
	case (q.Method == http.MethodPut || q.Method == http.MethodDelete) && len(parts) == 2:
		x.one(parts[0] + "/" + parts[1])
	default:
		x.refuse(http.StatusNotFound, "no such address")
	}
}

// take stores one record and notes it. raw is what was sent of it.
func (r *Receiver) take(q *http.Request, one Request, raw []byte, fault *Fault) (answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := Line{Time: r.now(), Method: q.Method, Path: q.URL.Path, Subject: one.Subject, ID: one.ID, Revision: one.Revision, Sequence: one.Sequence, Deleted: one.Deleted,
		Bytes: len(raw), SHA256: sum(raw), Missing: r.store.missing(one)}
	a := answer{ID: one.ID, Revision: one.Revision, status: http.StatusOK}
	stores := true
	if fault != nil {
		l.Fault = fault.Do
		stores = fault.Store || fault.Do == Half
		if fault.Do == Half {
			one.Document = half(one.Document)
		}
	}
	if stores {
		result, held, c := r.store.take(one, l.Time)
		if c != nil {
			if err := r.change(*c); err != nil {
				return a, err
			}
		}
		l.Result, l.Target, a.Result, a.Target = result, held.Target, result, held.Target
		switch result {
		case Unknown:
			a.status, a.Error = http.StatusNotFound, &problem{http.StatusNotFound, "no such record"}
		case Older:
			a.Revision = held.Revision
		case Repeat:
			l.Changed = !same(held.Document, one.Document)
		}
	} else {
		l.Result = Refused
		switch fault.Do {
		case Lie:
			l.Result, a.Result, a.Target = Lied, Stored, "T0"
		case Status, Refuse:
			a.status, a.Error = fault.Status, &problem{fault.Status, "refused"}
			if fault.Echo {
				a.Sent = raw
			}
		default:
			l.Result = Failed
		}
	}
	return a, r.note(l)
}

// note writes down a request.
func (r *Receiver) note(l Line) error {
	r.counts.Requests++
	if l.Fault != "" {
		r.counts.Refused++
	}
	switch l.Result {
	case Stored:
		r.counts.Stored++
		if len(l.Missing) > 0 {
			r.counts.Orphans++
		}
	case Repeat:
		r.counts.Repeats++
	case Older:
		r.counts.Older++
	}
	if l.Changed {
		r.counts.Changed++
	}
	r.lines = append(r.lines, l)
	return r.files.write(r.files.requests, l)
}

// enter counts the requests on the way; leave ends it.
func (r *Receiver) enter(subjects []string) (leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight[""]++
	r.counts.Most = max(r.counts.Most, r.inFlight[""])
	for _, s := range subjects {
		if r.inFlight[s]++; r.inFlight[s] > 1 {
			r.counts.Overlaps++
		}
	}
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.inFlight[""]--
		for _, s := range subjects {
			r.inFlight[s]--
		}
		maps.DeleteFunc(r.inFlight, func(_ string, n int) bool { return n == 0 })
	})
}
