package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"octail/sinks/sinktest/receiver"
)

// targets are the cases in which a target is away, slow or picky.
var targets = []fault{
	{"F39", "a target is down (72 h in virtual time: internal/dispatch)", targetDown, false},
	{"F40", "a target is slow, hangs, dribbles, sends an endless body", targetSlow, false},
	{"F41", "429 with Retry-After in seconds, as a date, of 10 years, negative", rateLimited, false},
	{"F42", "500 for one record only", poisoned, true},
	{"F46", "3 records of a batch of 10 are refused", partialBatch, false},
	{"F47", "connection reset at every byte of request and reply", resets, false},
}

// hurry divides the waits of lanes by a factor.
func hurry(factor int) string { return fmt.Sprintf("OCTAIL_HURRY=%d", factor) }

// delays is how long it takes from each of some orders' placing until a target has it.
func (s *scene) delays(n int, reached func(id int64) bool) (longest, median time.Duration) {
	var all []time.Duration
	for range n {
		id := s.place(1)[0]
		all = append(all, s.until(fmt.Sprintf("order %d to be delivered", id), func() bool { return reached(id) }))
	}
	slices.Sort(all)
	return all[len(all)-1], all[len(all)/2]
}

// hooked reports whether the receiver of webhooks has an order.
func (s *scene) hooked(id int64) bool { return s.hook.has(fmt.Sprintf("order/%d@1", id)) }

// mirrored reports whether the mirror holds an order.
func (s *scene) mirrored(id int64) bool {
	_, there := s.mirror.Record(fmt.Sprintf("order/%d", id))
	return there
}

func targetDown(s *scene) {
	s.openDefault()
	s.openMirror()
	s.ready(hurry(20))
	s.settle()
	_, alone := s.delays(5, s.hooked)
	s.must(s.mirror.Close())
	began := time.Now()
	longest := time.Duration(0)
	var moved []int64
	for length := pick(s, time.Minute, 8*time.Second); time.Since(began) < length; {
		most, _ := s.delays(2, s.hooked)
		longest = max(longest, most)
		moved = append(moved, s.place(1)...)
		s.must(s.shop.SetStatus(s.ctx, moved[len(moved)-1], 2, "", false)) // the mirror is to have the last state alone
		time.Sleep(500 * time.Millisecond)
	}
	down := time.Since(began)
	st, err := s.agent.status()
	s.must(err)
	s.want(st.sink("mirror").LastError != "" && st.sink("mirror").Pending+st.sink("mirror").Parked > 0, "status does not show that the mirror is down: %+v", st.sink("mirror"))
	s.want(st.sink("mirror").Dead == 0, "%d dead letters of a target that is down", st.sink("mirror").Dead)
	s.reopenMirror()
	s.recover()
	s.figure("down", down)
	s.figure("others_alone", alone)
	s.figure("others_worst", longest)
	s.want(longest < 5*time.Second, "another sink waited for %s", longest)
}

func targetSlow(s *scene) {
	s.openDefault()
	s.openMirror("timeout: 2s")
	s.ready(hurry(60))
	s.settle()
	before := s.gauge("go_goroutines")
	for _, f := range []receiver.Fault{
		{Do: receiver.Slow, Delay: receiver.Wait(30 * time.Second)},
		{Do: receiver.Hang},
		{Do: receiver.Dribble},
		{Do: receiver.Endless},
	} {
		s.mirror.Set(f)
		s.place(2)
		s.until("status to show the backlog and why", func() bool {
			st, err := s.agent.status()
			return err == nil && st.sink("mirror").LastError != "" && st.sink("mirror").Pending+st.sink("mirror").Parked > 0
		})
		most, _ := s.delays(1, s.hooked)
		s.want(most < 5*time.Second, "%s: another sink waited for %s", f.Do, most)
		time.Sleep(pick(s, 8*time.Second, 3*time.Second))
		s.mirror.Calm()
		s.figure(f.Do, s.settle())
	}
	s.figure("rss", fmt.Sprintf("%dMiB", int(s.gauge("process_resident_memory_bytes"))>>20))
	s.until("the goroutines to end", func() bool { return s.gauge("go_goroutines") < before+20 })
	s.settle()
}

// gauge is a metric as a number.
func (s *scene) gauge(series string) float64 {
	v, err := strconv.ParseFloat(s.agent.metric(series), 64)
	s.must(err)
	return v
}

// rateLimited asks for waits: nothing may come before their end, of any entity; what
// is absurd is bounded, and ended by `octail resume`.
func rateLimited(s *scene) {
	s.openDefault()
	s.ready()
	s.settle()
	limit := func(after string) (asked time.Time) {
		var mu sync.Mutex
		s.hook.does(func(q *request) {
			mu.Lock()
			defer mu.Unlock()
			if asked.IsZero() {
				asked = time.Now()
				q.w.Header().Set("Retry-After", after)
				q.refuse(http.StatusTooManyRequests, "")
			}
		})
		s.place(2)
		s.until("a request", func() bool { mu.Lock(); defer mu.Unlock(); return !asked.IsZero() })
		return asked
	}
	const wait = 4 * time.Second
	for _, c := range []struct {
		name, after string
		least       time.Duration
	}{
		{"seconds", "4", wait},
		{"date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 0}, // replaced below
		{"negative", "-5", 0},
	} {
		if c.name == "date" {
			c.after, c.least = time.Now().Add(wait+time.Second).UTC().Format(http.TimeFormat), wait-time.Second
		}
		asked := limit(c.after)
		count := s.hook.count()
		s.until("the next request", func() bool { return s.hook.count() > count })
		took := time.Since(asked)
		s.want(took >= c.least-100*time.Millisecond, "%s: asked for %s, called again after %s", c.name, c.after, took)
		s.figure(c.name, took)
		s.settle()
	}
	limit("315360000")
	time.Sleep(2 * time.Second)
	count := s.hook.count()
	st, err := s.agent.status()
	s.must(err)
	next := st.sink("hook").Next
	s.want(!next.IsZero() && time.Until(next) > 50*time.Minute && time.Until(next) < 70*time.Minute, "asked for 10 years, the next call is at %s", next)
	s.want(s.hook.count() == count, "it was called before")
	s.works("resume", "hook")
	s.figure("ten_years", "1h")
	s.recover()
}

// works runs a command of octail that has to succeed.
func (s *scene) works(args ...string) (out string) {
	code, out := s.command(args...)
	s.want(code == 0, "octail %s ends with %d: %s", strings.Join(args, " "), code, out)
	return out
}

// poisoned has one order refused again and again. 24 hours are six seconds.
func poisoned(s *scene) {
	s.openDefault()
	s.openMirror("entities: [order, customer, product]")
	s.ready()
	s.mirrorTakes = []string{"order", "customer", "product"}
	s.settle()
	_, without := s.delays(pick(s, 20, 10), s.mirrored)
	sick := s.place(1)[0]
	s.until("the order", func() bool { return s.mirrored(sick) })
	s.mirror.Set(receiver.Fault{Do: receiver.Status, Status: 500, Entity: "order", Key: sick})
	s.must(s.shop.SetStatus(s.ctx, sick, 2, "", false))
	_, with := s.delays(pick(s, 20, 10), s.mirrored)
	s.stop()
	s.ready(hurry(14400))
	began := time.Now()
	s.within(2*time.Minute, "the order to become a dead letter", func() bool {
		s.place(1) // others succeed: so it is this one that fails
		time.Sleep(100 * time.Millisecond)
		st, err := s.agent.status()
		return err == nil && st.sink("mirror").Dead == 1
	})
	s.figure("dead_after", time.Since(began))
	list := s.works("dead", "list")
	s.want(strings.Contains(list, fmt.Sprintf("order/%d", sick)), "dead list: %s", list)
	s.mirror.Calm()
	s.must(s.shop.SetStatus(s.ctx, sick, 3, "", false)) // which does not wait, and heals it
	s.until("the dead letter to be closed", func() bool {
		st, err := s.agent.status()
		return err == nil && st.sink("mirror").Dead == 0
	})
	s.recover()
	s.figure("others_p50_without", fmt.Sprintf("%dms", without.Milliseconds()))
	s.figure("others_p50_with", fmt.Sprintf("%dms", with.Milliseconds()))
}

func partialBatch(s *scene) {
	s.openDefault()
	s.openMirror("batch: 10", "parallel: 1")
	s.ready(hurry(60))
	s.settle()
	s.works("pause", "mirror")
	ids := s.place(10)
	s.until("the orders to wait", func() bool { return s.agent.reads(s.position()) })
	before := s.mirror.Counts()
	s.mirror.Set(receiver.Fault{Do: receiver.Refuse, Status: 500, Count: 3, Times: 1})
	s.works("resume", "mirror")
	s.recover()
	after := s.mirror.Counts()
	s.figure("refused", after.Refused-before.Refused)
	s.figure("repeats", after.Repeats-before.Repeats)
	s.want(after.Refused-before.Refused == 3, "%d records were refused", after.Refused-before.Refused)
	s.want(after.Repeats == before.Repeats, "%d records that were taken came again", after.Repeats-before.Repeats)
	s.want(len(ids) == 10, "%d orders", len(ids))
}

// resets cuts the connection after each byte of a reply and, in steps, of a request.
func resets(s *scene) {
	s.openDefault()
	s.openMirror("parallel: 1")
	hook, err := receiver.Start(receiver.Options{})
	s.must(err)
	s.after = append(s.after, func() { _ = hook.Close() })
	s.conf.sinks = append(s.conf.sinks, fmt.Sprintf("{name: second, type: webhook, url: %q, secret: %s}", hook.URL+"/events", secret))
	s.ready(hurry(2000))
	s.settle()
	var cuts []receiver.Fault
	for n := 1; n <= 300; n += pick(s, 1, 9) {
		cuts = append(cuts, receiver.Fault{Do: receiver.CutReply, Bytes: n, Times: 1, Store: n%2 == 0})
	}
	for n := 1; n <= 4000; n += pick(s, 41, 401) {
		cuts = append(cuts, receiver.Fault{Do: receiver.CutRequest, Bytes: n, Times: 1})
	}
	s.mirror.Set(cuts...)
	hook.Set(cuts...)
	cut := func(r *receiver.Receiver) (n int) { // of the connections, those that were cut in a reply
		for _, line := range r.Lines() {
			if line.Fault == receiver.CutReply {
				n++
			}
		}
		return n
	}
	// A cut takes the next request, and each makes a new connection. Replies are some 170
	// bytes long: the cuts behind that are let through.
	replies := pick(s, 150, 15)
	s.within(4*time.Minute, "all replies to be cut", func() bool {
		s.place(1)
		return cut(s.mirror.Receiver) >= replies && cut(hook.Receiver) >= replies/2 // an answer to a webhook has no body
	})
	s.mirror.Calm()
	hook.Calm()
	s.recover()
	for name, r := range map[string]*receiver.Receiver{"mirror": s.mirror.Receiver, "hook": hook.Receiver} {
		c := r.Counts()
		s.figure(name+"_cut", cut(r))
		s.figure(name+"_dup_sent", c.Repeats)
		s.want(c.Changed == 0, "%s: %d ids came again with other content", name, c.Changed)
		s.want(c.Older == 0, "%s: %d revisions came behind a later one", name, c.Older)
	}
}
