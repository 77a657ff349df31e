package receiver

import (
	"sync"
	"time"
)

// Kinds of faults: what a receiver does instead of answering as it has to.
const (
	Status     = "status"      // answers Status, with Retry-After
	Hang       = "hang"        // never answers
	Dribble    = "dribble"     // answers one byte every Delay, a second unless said
	Endless    = "endless"     // answers 200 and a body without end
	ErrorBody  = "error_body"  // 200 {"error": ...}
	RPCError   = "rpc_error"   // 200 and an error of JSON-RPC
	Login      = "login"       // 200 and an HTML page
	Empty      = "empty"       // 200 and nothing
	Redirect   = "redirect"    // Status (307) to Location
	CutRequest = "cut_request" // resets the connection after Bytes of a request; not by entity, which it does not know yet
	CutReply   = "cut_reply"   // resets it after Bytes of the answer
	Slow       = "slow"        // waits Delay, then does as it has to
	Lie        = "lie"         // answers as if it had stored it
	Half       = "half"        // stores every second field, answers as if it were all
	Refuse     = "refuse"      // answers Status for the first Count records of a batch
)

// What a fault is for.
const (
	OnDeliver = "deliver"
	OnCompare = "compare"
	OnErase   = "erase"
	OnPing    = "ping"
	OnAll     = "all"
)

// Fault is one way to misbehave, towards whom, and how often. As JSON, times are texts
// ("30s").
type Fault struct {
	Do     string `json:"do"`
	On     string `json:"on,omitempty"`     // "" is OnDeliver
	Entity string `json:"entity,omitempty"` // "": all
	Key    int64  `json:"key,omitempty"`    // 0: all
	Times  int    `json:"times,omitempty"`  // how often; 0: until it is taken away
	After  int    `json:"after,omitempty"`  // requests that are let through before

	Status     int    `json:"status,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	Location   string `json:"location,omitempty"`
	Body       string `json:"body,omitempty"`  // of the answer, instead of the usual
	Type       string `json:"type,omitempty"`  // of Body
	Echo       bool   `json:"echo,omitempty"`  // the answer repeats what was sent
	Store      bool   `json:"store,omitempty"` // stores it first: the answer gets lost
	Bytes      int    `json:"bytes,omitempty"`
	Count      int    `json:"count,omitempty"`
	Delay      Wait   `json:"delay,omitempty"`
}

// Wait is a duration that is a text in JSON.
type Wait time.Duration

// MarshalText implements encoding.TextMarshaler.
func (w Wait) MarshalText() ([]byte, error) { return []byte(time.Duration(w).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *Wait) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*w = Wait(d)
	return err
}

// faults are those in force.
type faults struct {
	mu   sync.Mutex
	list []*Fault
}

func (f *faults) set(list []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range list {
		f.list = append(f.list, &one)
	}
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// pick returns the slowness and the fault that meet a request for the subjects. Of a
// batch, what single records meet is asked for each of them (one).
func (f *faults) pick(on string, subjects []string, batch, one bool) (slow, fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.list {
		switch {
		case x.Do == CutRequest, !x.meets(on, subjects), batch && x.single() != one:
		case x.Do == Slow && slow == nil && x.use():
			taken := *x
			slow = &taken
		case x.Do != Slow && fault == nil && x.use():
			taken := *x
			fault = &taken
		}
	}
	return slow, fault
}

// single reports whether a fault is that of single records of a batch.
func (f *Fault) single() bool {
	return (f.Entity != "" || f.Key != 0) && (f.Do == Status || f.Do == Lie || f.Do == Half)
}

// cut returns after how many bytes of a request a connection is to be reset.
func (f *faults) cut() (int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.list {
		if one.Do == CutRequest && one.use() {
			return one.Bytes, true
		}
	}
	return 0, false
}

// use counts one use; false when the fault lets this one through, or is used up.
func (f *Fault) use() bool {
	switch {
	case f.After > 0:
		f.After--
		return false
	case f.Times < 0:
		return false
	case f.Times == 1:
		f.Times = -1
	case f.Times > 1:
		f.Times--
	}
	return true
}

func (f *Fault) meets(on string, subjects []string) bool {
	mine := f.On
	if mine == "" {
		mine = OnDeliver
	}
	if mine != on && mine != OnAll {
		return false
	}
	if f.Entity == "" && f.Key == 0 {
		return true
	}
	for _, s := range subjects {
		if f.fits(s) {
			return true
		}
	}
	return false
}

// fits reports whether the fault is for an entity.
func (f *Fault) fits(subject string) bool {
	entity, key := split(subject)
	return (f.Entity == "" || f.Entity == entity) && (f.Key == 0 || f.Key == key)
}
