package main

import "octail/internal/faults/ledger"

// hookVerdict compares the receiver alone with the shop.
func (s *scene) hookVerdict() ledger.Verdict {
	shop, err := ledger.Read(s.ctx, s.server.DSN(s.database), s.conf.prefix)
	s.must(err)
	requests, err := ledger.Requests(s.hook.records)
	s.must(err)
	return ledger.Judge(shop, requests, ledger.Options{})
}

// exceptErased is the verdict on the mirror and the receiver, leaving out the content of
// what was erased: from then on they are given less than the shop has.
func (s *scene) exceptErased(subjects ...string) ledger.Verdict {
	shop, err := ledger.Read(s.ctx, s.server.DSN(s.database), s.conf.prefix)
	s.must(err)
	requests, err := ledger.Requests(s.hook.records)
	s.must(err)
	records, err := ledger.Mirror(s.mirror.dir)
	s.must(err)
	return ledger.Judge(shop, requests, ledger.Options{Except: subjects}).Add(ledger.Judge(shop, records, ledger.Options{States: true, Except: subjects}))
}

func (s *scene) hookClean() bool {
	s.verdict = s.hookVerdict()
	return s.verdict.Clean()
}
