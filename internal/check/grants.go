package check

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/internal/shop"
	"octail/transform"
)

// replicationGrants uses what capture uses: the position, the list of files, and
// the stream itself.
func (c *checker) replicationGrants(ctx context.Context) error {
	status, err := canal.LogStatus(ctx, c.db, c.report.Server)
	if err == nil && c.binlogOn {
		_, err = canal.LogFiles(ctx, c.db)
	}
	if shop.Classify(err) == shop.Denied {
		c.fail("grants", fmt.Sprintf("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO %s;", c.account),
			"%s may not ask how far the binary log goes: REPLICATION CLIENT is not granted", c.account)
		c.leaveOut("grants", "REPLICATION SLAVE can only be tried with REPLICATION CLIENT")
		return nil
	}
	if err != nil {
		return asked("ask for the server's position", err)
	}
	if !c.binlogOn {
		c.leaveOut("grants", "REPLICATION SLAVE can only be tried when the binary log is on")
		return nil
	}
	c.logStatus = status
	if c.report.Server.ServerID == 0 {
		c.leaveOut("grants", "REPLICATION SLAVE can only be tried when the server's server_id is not 0")
		return nil
	}
	return c.tryStream(ctx)
}

// streamTimeout bounds the trial of the replication stream.
const streamTimeout = 15 * time.Second

// stream opens the replication stream as capture does, at the log's end, until the
// server has sent something or refused.
func (c *checker) stream(ctx context.Context) (refusal string, connected bool, err error) {
	from, err := canal.Here(ctx, c.db, c.report.Server)
	if err != nil {
		return "", false, asked("ask for the server's position", err)
	}
	s := c.settings()
	stream, err := canal.New(canal.Config{
		DB: c.db, Server: c.report.Server, Address: s.Address, User: s.User, Password: s.Password.Reveal(), TLS: func(context.Context) *tls.Config { return c.TLS },
		ServerID: scratchID(c.report.Server.ServerID, s.ServerID), Database: s.Database,
		Log: slog.New(slog.DiscardHandler), Metrics: canal.NewMetrics(prometheus.NewRegistry()), Heartbeat: streamTimeout / 10,
	})
	if err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	ended := make(chan struct{})
	var runErr error
	go func() {
		defer close(ended)
		runErr = stream.Run(ctx, from, deaf{})
	}()
	refusal, connected = watch(stream, ended)
	cancel()
	<-ended
	if runErr != nil {
		refusal = firstLine(runErr)
	}
	return refusal, connected, nil
}

// tryStream says what came of it.
func (c *checker) tryStream(ctx context.Context) error {
	refusal, connected, err := c.stream(ctx)
	if err != nil {
		return err
	}
	switch {
	case connected:
		c.ok("grants", "%s may follow the binary log (REPLICATION SLAVE, REPLICATION CLIENT)", c.account)
	case strings.HasPrefix(refusal, "error 1045 "), strings.HasPrefix(refusal, "error 1227 "):
		// The login as such works: it is the one the checks before have used.
		c.fail("grants", fmt.Sprintf("GRANT REPLICATION SLAVE ON *.* TO %s;", c.account),
			"%s may not read the binary log: REPLICATION SLAVE is not granted", c.account)
	case refusal == "":
		c.fail("grants", "SHOW PROCESSLIST;\n"+askForLog, "the server accepted the replication stream but sent nothing for %s", streamTimeout)
	default:
		c.fail("grants", askForLog, "the server refuses the replication stream (%s)", refusal)
	}
	return nil
}

// watch waits until the stream is connected, refused or at its end.
func watch(stream *canal.Canal, ended <-chan struct{}) (refusal string, connected bool) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		st := stream.Status()
		if st.Connected || st.LastError != "" {
			return st.LastError, st.Connected
		}
		select {
		case <-ended:
			return "", false
		case <-tick.C:
		}
	}
}

// deaf is a canal.Handler that wants nothing.
type deaf struct{}

func (deaf) Commit(canal.Transaction) error { return nil }
func (deaf) Progress(canal.Position) error  { return nil }

// scratchID is a server id that nobody has, as far as one can tell: far from
// those that people give.
func scratchID(taken ...uint32) uint32 {
	for {
		id := 2_000_000_000 + rand.Uint32N(2_000_000_000)
		free := true
		for _, t := range taken {
			free = free && id != t
		}
		if free {
			return id
		}
	}
}

// mayReadAll reports whether SELECT is granted on the whole database: then a table
// that cannot be seen is not there. Without the grant the server refuses before it
// looks whether there is such a table.
func (c *checker) mayReadAll(ctx context.Context) (bool, error) {
	err := c.trySelect(ctx, "octail_no_such_table")
	switch {
	case err == nil, shop.Classify(err) == shop.Missing:
		return true, nil
	case shop.Classify(err) == shop.Denied:
		return false, nil
	}
	return false, asked("try SELECT", err)
}

func (c *checker) trySelect(ctx context.Context, table string) error {
	rows, err := c.db.QueryContext(ctx, "SELECT 1 FROM "+name(c.settings().Database)+"."+name(table)+" LIMIT 0")
	if err != nil {
		return err
	}
	return rows.Close()
}

// selectGrants reads nothing from every table that octail reads.
func (c *checker) selectGrants(ctx context.Context) error {
	var denied []string
	watched := transform.WatchList(c.schema)
	for _, t := range watched {
		err := c.trySelect(ctx, t.Name)
		switch {
		case err == nil:
		case shop.Classify(err) == shop.Denied:
			denied = append(denied, t.Name)
		case shop.Classify(err) == shop.Unreachable:
			return asked("try SELECT", err)
		default:
			table := name(c.settings().Database) + "." + name(t.Name) + ";"
			c.fail("tables", "CHECK TABLE "+table+"\nREPAIR TABLE "+table+"   -- MyISAM and Aria; after a backup", "the table %s cannot be read (%s)", t.Name, shop.Explain(err))
		}
	}
	if !c.anyTable { // what is not granted cannot be seen
		for _, t := range expected(c.schema) {
			denied = append(denied, c.Config.Shop.TablePrefix+t.name)
		}
	}
	if len(denied) == 0 {
		c.ok("grants", "%s may read the %d tables of the shop that octail needs", c.account, len(watched))
		return nil
	}
	c.fail("grants", c.grantSelect(denied), "%s may not read %s, so documents would lack what stands there", c.account, some(denied))
	return nil
}

// grantSelect grants SELECT on tables, or on the whole database where that is
// shorter.
func (c *checker) grantSelect(tables []string) string {
	database := name(c.settings().Database)
	if len(tables) > 12 {
		return fmt.Sprintf("GRANT SELECT ON %s.* TO %s;", database, c.account)
	}
	var lines []string
	for _, t := range tables {
		lines = append(lines, fmt.Sprintf("GRANT SELECT ON %s.%s TO %s;", database, name(t), c.account))
	}
	return strings.Join(lines, "\n")
}

// some is a list for a sentence, cut short.
func some(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
