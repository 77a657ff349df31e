package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"octail/internal/faults/ledger"
	"octail/sinks/sinktest/receiver"
)

// mirror is a target that holds states. Its server can be told to misbehave.
type mirror struct {
	*receiver.Server
	dir string
}

// openMirror gives the scene a sink of states beside the others. settings are further
// lines of its section, in flow style.
func (s *scene) openMirror(settings ...string) {
	m := &mirror{dir: filepath.Join(s.dir, "mirror")}
	var err error
	m.Server, err = receiver.Start(receiver.Options{Dir: m.dir})
	s.must(err)
	s.after = append(s.after, func() { _ = m.Close() })
	s.mirror = m
	s.conf.sinks = append(s.conf.sinks, mirrorSink(m.URL, settings...))
}

func mirrorSink(url string, settings ...string) string {
	return fmt.Sprintf("{%s}", strings.Join(append([]string{"name: mirror", "type: mirror", fmt.Sprintf("url: %q", url), "release: any"}, settings...), ", "))
}

// reopenMirror starts its server again, at the same address and with what it holds.
func (s *scene) reopenMirror() {
	address := strings.TrimPrefix(s.mirror.URL, "http://")
	server, err := receiver.Start(receiver.Options{Dir: s.mirror.dir, Address: address})
	s.must(err)
	s.after = append(s.after, func() { _ = server.Close() })
	s.mirror.Server = server
}

func (s *scene) mirrorVerdict(shop ledger.Shop) ledger.Verdict {
	records, err := ledger.Mirror(s.mirror.dir)
	s.must(err)
	return ledger.Judge(shop, records, ledger.Options{States: true, Entities: s.mirrorTakes, Partial: s.mirrorPart})
}

// mirrorClean compares the mirror alone with the shop.
func (s *scene) mirrorClean() bool {
	shop, err := ledger.Read(s.ctx, s.server.DSN(s.database), s.conf.prefix)
	s.must(err)
	return s.mirrorVerdict(shop).Clean()
}
