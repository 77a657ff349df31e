package canal

import (
	"strings"
	"testing"

	"octail/internal/shoptest"
)

// TestFoldedNames: a server that stores names in lower case, and a configuration
// that does not.
func TestFoldedNames(t *testing.T) {
	p := private(t, shoptest.MariaDB, "--lower-case-table-names=1")
	f := p.follow(p.here(), []Table{{Name: "Marker", Rules: []Rule{{Target: "marker", Key: "ID"}}}}, func(c *Config, _ *recorder) {
		c.Database = strings.ToUpper(c.Database)
	})
	p.sql("INSERT INTO MARKER VALUES (1, ''); TRUNCATE MarKer")
	p.mark(2)
	if got := tell(f.until(Touch{"marker", 2})); got != "marker/1, !marker:truncate" {
		t.Errorf("got %q", got)
	}
	f.stop()
}
