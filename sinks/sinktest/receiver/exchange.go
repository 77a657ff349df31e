package receiver

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// exchange is one request on its way.
type exchange struct {
	r        *Receiver
	w        http.ResponseWriter
	q        *http.Request
	body     []byte
	on       string
	subjects []string
	fault    *Fault
	leave    func()
}

// one takes a single record.
func (x *exchange) one(subject string) {
	var one Request
	if json.Unmarshal(x.body, &one) != nil || one.Subject != subject || one.ID == "" || one.Deleted != (x.q.Method == http.MethodDelete) {
		x.refuse(http.StatusBadRequest, "no record of "+subject)
		return
	}
	x.on, x.subjects = OnDeliver, []string{subject}
	x.begin()
	defer x.leave()
	a, err := x.r.take(x.q, one, x.body, x.fault)
	x.finish(func() { x.reply(a.status, a) }, err)
}

// event takes a CloudEvent.
func (x *exchange) event() {
	var e event
	if json.Unmarshal(x.body, &e) != nil || e.ID == "" || e.Subject == "" {
		x.refuse(http.StatusBadRequest, "no event")
		return
	}
	x.on, x.subjects = OnDeliver, []string{e.Subject}
	x.begin()
	defer x.leave()
	_, err := x.r.take(x.q, e.request(), x.body, x.fault)
	x.finish(func() { x.w.WriteHeader(http.StatusNoContent) }, err)
}

// batch takes several records; each has its own answer.
func (x *exchange) batch() {
	var list struct {
		Records []json.RawMessage `json:"records"`
	}
	if json.Unmarshal(x.body, &list) != nil {
		x.refuse(http.StatusBadRequest, "no batch")
		return
	}
	records := make([]Request, len(list.Records))
	for i, raw := range list.Records {
		if json.Unmarshal(raw, &records[i]) != nil || records[i].ID == "" {
			x.refuse(http.StatusBadRequest, "no record")
			return
		}
		x.subjects = append(x.subjects, records[i].Subject)
	}
	x.on = OnDeliver
	x.begin()
	defer x.leave()
	answers := make([]answer, len(records))
	var err error
	for i, one := range records {
		fault := x.fault
		if fault == nil {
			_, fault = x.r.faults.pick(x.on, []string{one.Subject}, true, true)
		} else if fault.Do == Refuse && i >= fault.Count {
			fault = nil
		}
		if answers[i], err = x.r.take(x.q, one, list.Records[i], fault); err != nil {
			break
		}
	}
	x.finish(func() { x.reply(http.StatusOK, map[string]any{"results": answers}) }, err)
}

// compare answers with the records asked for; null for one it does not have.
func (x *exchange) compare() {
	var asked struct {
		Keys []string `json:"keys"`
	}
	if json.Unmarshal(x.body, &asked) != nil {
		x.refuse(http.StatusBadRequest, "no keys")
		return
	}
	x.on, x.subjects = OnCompare, asked.Keys
	x.run(func() {
		held := map[string]*Record{}
		for _, key := range asked.Keys {
			if rec, ok := x.r.Record(key); ok {
				held[key] = &rec
			} else {
				held[key] = nil
			}
		}
		x.reply(http.StatusOK, map[string]any{"records": held})
	})
}

// erase removes what is kept of a person beside the document.
func (x *exchange) erase(subject string) {
	x.on, x.subjects = OnErase, []string{subject}
	x.run(func() {
		x.r.mu.Lock()
		err := x.r.change(change{Personal: subject})
		x.r.mu.Unlock()
		if err != nil {
			x.refuse(http.StatusInsufficientStorage, "cannot be written")
			return
		}
		x.reply(http.StatusOK, map[string]string{"erased": subject})
	})
}

// run is an exchange that stores no record.
func (x *exchange) run(answer func()) {
	x.begin()
	defer x.leave()
	l := Line{Time: x.r.now(), Method: x.q.Method, Path: x.q.URL.Path, Result: Read, Bytes: len(x.body), SHA256: sum(x.body)}
	if x.fault != nil {
		l.Fault = x.fault.Do
	}
	x.r.mu.Lock()
	err := x.r.note(l)
	x.r.mu.Unlock()
	x.finish(answer, err)
}

// begin finds the fault that meets the request, and is slow when that is wanted.
func (x *exchange) begin() {
	x.leave = x.r.enter(x.subjects)
	batch := strings.HasSuffix(x.q.URL.Path, "/batch")
	var slow *Fault
	slow, x.fault = x.r.faults.pick(x.on, x.subjects, batch, false)
	if slow != nil {
		x.wait(time.Duration(slow.Delay))
	}
}

// finish answers as it has to, or as the fault wants it.
func (x *exchange) finish(answer func(), err error) {
	if err != nil { // of our own files
		x.refuse(http.StatusInsufficientStorage, "cannot be written")
		return
	}
	if x.fault == nil {
		answer()
		return
	}
	x.misbehave(answer)
}

// reply writes JSON.
func (x *exchange) reply(status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte("{}")
	}
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	x.w.Write(b)
}

func (x *exchange) refuse(status int, text string) {
	x.reply(status, map[string]any{"error": problem{status, text}})
}

// wait waits, until the client or the receiver ends; false then.
func (x *exchange) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.q.Context().Done():
	case <-x.r.closed:
	}
	return false
}
