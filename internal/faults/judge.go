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

func (s *scene) hookClean() bool {
	s.verdict = s.hookVerdict()
	return s.verdict.Clean()
}
