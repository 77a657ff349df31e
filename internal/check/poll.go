package check

import (
	"context"
	"strings"

	"octail/canal"
	"octail/internal/config"
	"octail/internal/shop"
)

// polls reports whether changes are found without the binary log.
func (c *checker) polls() bool { return c.Config.Capture.Mode == config.CapturePoll }

// ofTheLog are the checks of octail's place in the log.
var ofTheLog = []string{"identity", "position"}

// leavesAlone reports whether a step has no meaning with this way of capture.
func (c *checker) leavesAlone(s step) bool {
	if !c.polls() {
		return s.name == "poll"
	}
	for _, n := range ofTheLog {
		if s.name == n {
			return true
		}
	}
	return s.need == log || s.need == position
}

// poll says what polling promises, and whether more could be had.
func (c *checker) poll(ctx context.Context) error {
	promise := "octail sweeps the shop every " + c.Config.Capture.Poll.String() + " (capture.mode: poll): every change is found, deletions too, but steps between two sweeps are not seen"
	format, known := c.variables["binlog_format"]
	if c.binlogOn = on(c.variables["log_bin"]); !c.binlogOn || known && !strings.EqualFold(format, "ROW") {
		c.ok("poll", "%s", promise)
		return nil
	}
	_, err := canal.LogStatus(ctx, c.db, c.report.Server)
	if err == nil {
		_, err = canal.LogFiles(ctx, c.db)
	}
	if shop.Classify(err) == shop.Denied {
		c.ok("poll", "%s; with REPLICATION SLAVE and REPLICATION CLIENT it could read the server's binary log instead", promise)
		return nil
	}
	if err != nil {
		return asked("ask for the server's position", err)
	}
	_, connected, err := c.stream(ctx)
	if err != nil {
		return err
	}
	if !connected {
		c.ok("poll", "%s; with REPLICATION SLAVE it could read the server's binary log instead", promise)
		return nil
	}
	c.warn("poll", "# in "+c.configFile()+":\ncapture:\n  mode: binlog", "%s. %s may read the server's binary log, which tells every step at once", promise, c.account)
	return nil
}
