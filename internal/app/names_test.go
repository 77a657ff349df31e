package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"octail/internal/config"
	"octail/transform"
)

// TestUnknownNames: a status that the shop does not have lets nothing through, and is
// said, as soon as the shop was asked.
func TestUnknownNames(t *testing.T) {
	var log bytes.Buffer
	a := &Agent{log: slog.New(slog.NewTextHandler(&log, nil))}
	s := config.Sink{Name: "erp", Release: config.Release{Statuses: []string{"processing", "Nonsense"}}, Where: config.Where{Stores: []string{"0", "7"}}}
	if a.warnOfNames(s); log.Len() > 0 {
		t.Errorf("before the shop was asked: %s", log.String())
	}
	a.names.Store(&transform.Names{Statuses: map[int64]string{2: "Processing"}, Stores: map[int64]string{0: "Example"}})
	a.warnOfNames(s)
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "release: the shop has no order status") || !strings.Contains(text, "Nonsense") || !strings.Contains(text, "where.stores: the shop has no store") {
		t.Error(text)
	}
}
