package main

import (
	"fmt"
	"strings"
	"time"

	"octail/sinks/sinktest/receiver"
)

// answers are the cases in which a target answers what it should not.
var answers = []fault{
	{"F43", "400, 401, 403, 404, 409, 413, 422", statuses, false},
	{"F44", "lying 200: an error in the body, HTML, nothing, JSON-RPC error", lying, false},
	{"F45", "lying success: nothing stored, or half of it", forgetful, false},
}

// statuses has one order refused with each status, as long as it takes to see what
// becomes of it, and heals the target.
func statuses(s *scene) {
	s.openDefault()
	s.openMirror("parallel: 1")
	s.ready(hurry(600))
	s.settle()
	for _, c := range []struct {
		status int
		want   string // dead, stopped, waits
	}{{400, "dead"}, {422, "dead"}, {413, "dead"}, {404, "dead"}, {401, "stopped"}, {403, "stopped"}, {409, "waits"}} {
		id := s.place(1)[0]
		s.until("the order", func() bool { return s.mirrored(id) })
		s.mirror.Set(receiver.Fault{Do: receiver.Status, Status: c.status, Entity: "order", Key: id})
		s.must(s.shop.SetStatus(s.ctx, id, 2, "", false))
		var became string
		s.until(fmt.Sprintf("something to become of %d", c.status), func() bool {
			st, err := s.agent.status()
			if err != nil {
				return false
			}
			switch m := st.sink("mirror"); {
			case m.Stopped != "":
				became = "stopped"
			case m.Dead > 0:
				became = "dead"
			case m.Parked > 0:
				became = "waits"
			}
			return became != ""
		})
		s.figure(fmt.Sprint(c.status), became)
		s.want(became == c.want, "%d: the order is %s, not %s", c.status, became, c.want)
		if became != "stopped" { // then the others go on
			other := s.place(1)[0]
			s.until("another order", func() bool { return s.mirrored(other) })
		}
		s.mirror.Calm()
		switch became {
		case "dead":
			s.works("dead", "retry", "--all")
		case "stopped":
			s.works("resume", "mirror")
		}
		s.settle()
	}
}

func lying(s *scene) {
	s.openDefault()
	s.openMirror("parallel: 1")
	s.ready(hurry(600))
	s.settle()
	for _, kind := range []string{receiver.ErrorBody, receiver.RPCError, receiver.Login, receiver.Empty} {
		s.mirror.Set(receiver.Fault{Do: kind})
		s.place(2)
		s.until(kind+" to count as a failure", func() bool {
			st, err := s.agent.status()
			return err == nil && st.sink("mirror").LastError != "" && st.sink("mirror").Pending+st.sink("mirror").Parked > 0
		})
		time.Sleep(500 * time.Millisecond)
		s.mirror.Calm()
		s.figure(kind, s.settle())
	}
	// A receiver of webhooks, too: a page to log in is no acknowledgement.
	s.hook.does(func(q *request) {
		q.refused = true
		q.w.Header().Set("Content-Type", "text/html")
		q.answer(200, "<!DOCTYPE html><html><title>Log in</title></html>")
	})
	s.place(1)
	s.until("the page to count as a failure", func() bool {
		st, err := s.agent.status()
		return err == nil && strings.Contains(st.sink("hook").LastError, "HTML")
	})
	s.hook.does(nil)
	s.recover()
}

// forgetful lies so well that only a comparison finds it out.
func forgetful(s *scene) {
	s.openDefault()
	s.openMirror("parallel: 1")
	s.ready()
	s.settle()
	s.mirror.Set(receiver.Fault{Do: receiver.Lie, Entity: "order"})
	s.place(2)
	s.until("the orders to count as delivered", func() bool { return s.agent.idle(s.position()) })
	s.mirror.Calm()
	s.mirror.Set(receiver.Fault{Do: receiver.Half, Entity: "order"})
	s.place(2)
	s.until("the orders to count as delivered", func() bool { return s.agent.idle(s.position()) })
	s.mirror.Calm()
	s.want(!s.mirrorClean(), "the mirror has all of it")
	began := time.Now()
	time.Sleep(time.Minute) // what was accepted just now is not compared
	s.within(time.Minute, "reconcile to find it", func() bool {
		code, out := s.command("reconcile")
		time.Sleep(time.Second)
		return code == 1 && strings.Contains(out, "mirror")
	})
	s.figure("detected", fmt.Sprintf("%.1fmin", time.Since(began).Minutes()))
	_, out := s.command("reconcile", "--repair")
	s.until("the mirror to be mended", func() bool { return s.mirrorClean() })
	s.want(strings.Contains(out, "mirror"), "reconcile --repair: %s", out)
	s.settle()
}
