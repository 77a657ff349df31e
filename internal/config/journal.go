package config

import (
	"strings"
	"time"
)

// Journal is the durable log of documents.
type Journal struct {
	Path      string        `yaml:"path" unit:"path"`
	Retention time.Duration `yaml:"retention"`
	MaxBytes  int64         `yaml:"max_bytes" unit:"bytes"`
}

func defaultJournal() Journal {
	return Journal{Retention: 30 * day, MaxBytes: 4 << 30}
}

func (c *Journal) check(s *Section) {
	s.require("path", c.Path, "name the file that keeps octail's state, e.g. /var/lib/octail/octail.db")
	if strings.HasSuffix(c.Path, "/") {
		s.Problem("path", "%s is a folder; name a file in it, e.g. /var/lib/octail/octail.db", s.Quote("path"))
	}
	if c.Retention == 0 {
		s.Problem("retention", "must be longer than 0s, e.g. 30d")
	}
	if c.MaxBytes == 0 {
		s.Problem("max_bytes", "must be more than 0, e.g. 4GiB")
	}
}
