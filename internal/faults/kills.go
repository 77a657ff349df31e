package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"octail/internal/shoptest"
)

// kills are the cases in which the agent is killed.
var kills = []fault{
	{"F01", "kill -9 after reading, before the commit to the journal", func(s *scene) { s.openDefault(); s.atStopPoints("after-read", "before-commit") }, false},
	{"F02", "kill -9 between journal bytes and fsync: the journal's tail is torn", tornTail, false},
	{"F03", "kill -9 after the commit to the journal", func(s *scene) { s.openDefault(); s.atStopPoints("after-commit") }, false},
	{"F04", "kill -9 after the sink accepted, before that is recorded", func(s *scene) { s.openDefault(); s.openMirror(); s.atStopPoints("after-deliver", "before-cursor") }, false},
	{"F05", "kill -9 with the request on the wire, the answer unread", onTheWire, false},
	{"F06", "kill -9 during retention", duringRetention, false},
	{"F07", "kill -9 at random under load", atRandom, false},
}

// atStopPoints kills the agent at stop points: at each for each of 200 orders.
func (s *scene) atStopPoints(points ...string) {
	s.ready()
	s.settle()
	s.stop()
	for _, point := range points {
		each := max(4, s.kills*2/5)
		reached := 0
		for i := range each {
			// What is outstanding from the order before passes the point again: 1 alone would
			// kill the agent at that one for ever.
			a := s.start(fmt.Sprintf("OCTAIL_FAILPOINT=%s:%d", point, 1+i%3))
			for orders := 0; !a.over(); orders++ {
				if orders == 20 {
					s.failf("%s was not passed with %d orders: %s", point, orders, a.tail())
				}
				s.place(1)
				a.dies(400 * time.Millisecond)
			}
			s.want(a.code() == -1, "the agent ended by itself: %s", a.tail())
			reached++
		}
		s.figure(point, reached)
	}
	s.ready()
	s.recover()
	s.figure("dup_sent", s.verdict.DupSent)
}

// atRandom kills the agent at random moments while the shop is in use.
func atRandom(s *scene) {
	s.openDefault()
	s.openMirror()
	s.ready()
	s.settle()
	s.stop()
	stop := s.use(25)
	random := rand.New(rand.NewPCG(1, 2))
	var recovered []time.Duration
	for i := range s.kills {
		a := s.start()
		if i%5 == 4 { // now and then it may come so far that it is ready
			s.until("the agent to be ready", func() bool { return a.over() || a.answers("/readyz") })
			recovered = append(recovered, time.Since(a.started))
		}
		time.Sleep(time.Duration(5+random.IntN(495)) * time.Millisecond)
		if a.over() {
			s.failf("the agent ended by itself: %s", a.tail())
		}
		a.kill()
	}
	stop()
	slices.Sort(recovered)
	s.ready()
	s.recover()
	s.figure("kills", s.kills)
	s.figure("ready_p50", percentile(recovered, 50))
	s.figure("ready_p99", percentile(recovered, 99))
	s.figure("dup_sent", s.verdict.DupSent)
}

// percentile is that of a sorted list.
func percentile(list []time.Duration, p int) string {
	if len(list) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fs", list[min(len(list)-1, len(list)*p/100)].Seconds())
}

// onTheWire kills the agent while a receiver has taken an event and not answered.
func onTheWire(s *scene) {
	s.open(shoptest.V4)
	s.ready()
	s.settle()
	rounds := max(4, s.kills/20)
	for range rounds {
		var held atomic.Bool
		release := make(chan struct{})
		s.hook.does(func(q *request) {
			s.hook.keep(q)
			held.Store(true)
			<-release
			q.done = true
		})
		s.place(1)
		s.until("a request", held.Load)
		s.agent.kill()
		close(release)
		s.hook.does(nil)
		s.ready()
	}
	s.recover()
	s.want(s.verdict.DupSent >= rounds/2, "only %d of %d events were sent again", s.verdict.DupSent, rounds)
	s.figure("kills", rounds)
	s.figure("dup_sent", s.verdict.DupSent)
}

// tornTail leaves the journal as a crash between write and fsync may: the last
// transaction is cut off somewhere, or its place holds zeros or garbage. Nothing of it has
// been delivered, because the receiver refuses meanwhile.
func tornTail(s *scene) {
	s.open(shoptest.V4)
	s.conf.sinks = s.conf.sinks[1:] // a file sink might have what the journal then has not
	s.hook.does(nil)
	s.ready()
	s.until("the first documents", func() bool { return s.agent.idle(s.position()) })
	random := rand.New(rand.NewPCG(3, 4))
	rounds, torn := max(6, s.kills/10), 0
	for i := range rounds {
		s.stop()
		s.hook.does(func(q *request) { q.refuse(503, "") })
		a := s.start(fmt.Sprintf("OCTAIL_FAILPOINT=after-commit:%d", 1+i%2))
		for orders := 0; !a.over(); orders++ {
			s.want(orders < 20, "after-commit was not passed: %s", a.tail())
			s.place(1)
			a.dies(400 * time.Millisecond)
		}
		cut, err := tear(filepath.Join(s.dir, "octail.db-wal"), i%3, random)
		s.must(err)
		if cut {
			torn++
		}
		s.hook.does(nil)
		s.ready()
		s.started = time.Time{}
		s.until("what was torn off to be read again", func() bool { return s.agent.idle(s.position()) && s.hookClean() })
	}
	s.verdict = s.hookVerdict()
	s.figure("torn", torn)
	s.figure("rounds", rounds)
	s.want(torn*2 > rounds, "only %d of %d journals could be torn", torn, rounds)
}

// tear spoils the last transaction of a write-ahead log of SQLite, at a random place in
// it: how is 0 to cut it off there, 1 to fill the rest with zeros, 2 with garbage.
func tear(path string, how int, random *rand.Rand) (bool, error) {
	wal, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(wal) < walHeader {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	frame := frameHeader + int(binary.BigEndian.Uint32(wal[8:]))
	salts := wal[16:24]
	before, last := walHeader, walHeader // the ends of the last two transactions
	for at := walHeader; at+frame <= len(wal) && slices.Equal(wal[at+8:at+16], salts); at += frame {
		if binary.BigEndian.Uint32(wal[at+4:]) != 0 { // a commit
			before, last = last, at+frame
		}
	}
	if last == before {
		return false, nil
	}
	at := before + random.IntN(last-before)
	switch how {
	case 0:
		wal = wal[:at]
	case 1:
		clear(wal[at:])
	case 2:
		for i := at; i < last; i++ {
			wal[i] = byte(random.IntN(256))
		}
	}
	return true, os.WriteFile(path, wal, 0o600)
}

// Sizes in a write-ahead log, see https://sqlite.org/fileformat.html#the_write_ahead_log.
const (
	walHeader   = 32
	frameHeader = 24
)

// duringRetention kills the agent while old events leave the journal.
func duringRetention(s *scene) {
	s.open(shoptest.V4)
	s.conf.journal = "retention: 1s"
	s.ready()
	s.settle()
	s.stop()
	points := []string{"before-remove", "after-remove"}
	rounds := max(4, s.kills/25)
	for i := range rounds {
		// Some events stay pending at the receiver: they must not go.
		a := s.start("OCTAIL_FAILPOINT="+points[i%2]+":1", "OCTAIL_HOUSEKEEPING=300ms")
		for orders := 0; !a.over(); orders++ {
			s.want(orders < 100, "%s was not passed: %s", points[i%2], a.tail())
			if orders == 5 {
				s.hook.does(func(q *request) { q.refuse(503, "") })
			}
			s.changeSome()
			a.dies(100 * time.Millisecond)
		}
		s.want(a.code() == -1, "the agent ended by itself: %s", a.tail())
		s.hook.does(nil)
	}
	s.ready()
	s.recover()
	s.figure("kills", rounds)
}

// changeSome places an order and moves it on: so that events are replaced.
func (s *scene) changeSome() {
	for _, id := range s.place(1) {
		s.must(s.shop.SetStatus(s.ctx, id, 2, "", false))
	}
}
