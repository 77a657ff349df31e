package check

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"octail/canal"
)

// comparesAgain is what a hole means for the operator.
const comparesAgain = "octail will compare everything with the shop again, by itself; only real differences are delivered, steps in between are not known"

// identity compares the database server with the one of the last run.
func (c *checker) identity(ctx context.Context) error {
	was, err := c.Journal.Meta(ctx, "server")
	if err != nil {
		return err
	}
	if !c.connected {
		c.leaveOut("identity", missing[server])
		return nil
	}
	is := c.report.Server.Identity
	if was == "" || was == is {
		c.ok("identity", "the database server is the one of the last run")
		return nil
	}
	stored, err := c.stored(ctx)
	if err != nil {
		return err
	}
	if c.report.Server.GTID && stored.GTID != "" {
		c.warn("identity", "", "this is another database server (%s) than in the last run (%s): octail looks for its place by GTID", is, was)
		return nil
	}
	c.warn("identity", "", "this is another database server (%s) than in the last run (%s), on which octail's place in the binary log means nothing: %s%s", is, was, comparesAgain, c.window(ctx))
	return nil
}

// stored is the journal's position. One that cannot be read is none.
func (c *checker) stored(ctx context.Context) (canal.Position, error) {
	text, err := c.Journal.Position(ctx)
	if err != nil {
		return canal.Position{}, err
	}
	return canal.DecodePosition(text)
}

// window says since when changes may be hidden in a hole.
func (c *checker) window(ctx context.Context) string {
	e, err := c.Journal.Event(ctx, c.Journal.Last())
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (the newest change octail has is of %s)", e.Time.UTC().Format(time.RFC3339))
}

// storedPosition looks whether the server's log still holds what comes behind the
// stored position.
func (c *checker) storedPosition(ctx context.Context) error {
	stored, err := c.stored(ctx)
	if err != nil {
		c.warn("position", "", "the stored position cannot be read (%s): %s", err, comparesAgain)
		return nil
	}
	if stored.IsZero() {
		c.leaveOut("position", "none is stored yet")
		return nil
	}
	if reason := c.lacks(position); reason != "" {
		c.leaveOut("position", reason)
		return nil
	}
	was, err := c.Journal.Meta(ctx, "server")
	if err != nil {
		return err
	}
	byGTID := c.report.Server.GTID && stored.GTID != ""
	if !byGTID && was != "" && was != c.report.Server.Identity {
		c.leaveOut("position", "it is another server's")
		return nil
	}
	var hole string
	switch {
	case byGTID && c.is(canal.MySQL):
		hole, err = holeMySQL(ctx, c.db, stored)
	case byGTID:
		hole, err = holeMariaDB(ctx, c.db, stored)
	default:
		hole, err = holeFile(ctx, c.db, stored)
	}
	if err != nil {
		return asked("compare the stored position with the binary log", err)
	}
	if hole == "" {
		c.ok("position", "the binary log still holds all behind octail's place, %s", stored)
		return nil
	}
	c.warn("position", "", "%s: %s%s", hole, comparesAgain, c.window(ctx))
	return nil
}

// What a hole can be.
const (
	purged   = "the binary log behind octail's place, %s, was deleted"
	diverged = "octail's place, %s, is not in this server's binary log: the server lost transactions, was restored from a backup, or its log was reset"
)

func holeMySQL(ctx context.Context, db *sql.DB, p canal.Position) (string, error) {
	var within, executed bool
	err := db.QueryRowContext(ctx, "SELECT GTID_SUBSET(@@global.gtid_purged, ?), GTID_SUBSET(?, @@global.gtid_executed)", p.GTID, p.GTID).Scan(&within, &executed)
	switch {
	case err != nil:
		return "", err
	case !executed:
		return fmt.Sprintf(diverged, p), nil
	case !within:
		return fmt.Sprintf(purged, p), nil
	}
	return "", nil
}

// holeMariaDB compares domain by domain with where the log begins and ends.
func holeMariaDB(ctx context.Context, db *sql.DB, p canal.Position) (string, error) {
	files, err := canal.LogFiles(ctx, db)
	if err != nil || len(files) == 0 {
		return "", err
	}
	var first, last sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT BINLOG_GTID_POS(?, 4), @@global.gtid_binlog_pos", files[0].Name).Scan(&first, &last); err != nil {
		return "", err
	}
	at, begin, end := domains(p.GTID), domains(first.String), domains(last.String)
	for domain, sequence := range at {
		if sequence > end[domain] {
			return fmt.Sprintf(diverged, p), nil
		}
	}
	for domain, sequence := range begin {
		if at[domain] < sequence {
			return fmt.Sprintf(purged, p), nil
		}
	}
	return "", nil
}

// domains are the sequences of a MariaDB position (domain-server-sequence,...) by
// domain.
func domains(gtid string) map[string]uint64 {
	m := map[string]uint64{}
	for part := range strings.SplitSeq(gtid, ",") {
		f := strings.Split(strings.TrimSpace(part), "-")
		if len(f) != 3 {
			continue
		}
		if n, err := strconv.ParseUint(f[2], 10, 64); err == nil {
			m[f[0]] = max(m[f[0]], n)
		}
	}
	return m
}

// holeFile looks for the place itself, where there are no GTIDs.
func holeFile(ctx context.Context, db *sql.DB, p canal.Position) (string, error) {
	files, err := canal.LogFiles(ctx, db)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if f.Name != p.File {
			continue
		}
		if f.Size < p.Offset {
			return fmt.Sprintf(diverged, p), nil
		}
		return "", nil
	}
	if len(files) > 0 && p.AtOrAfter(files[len(files)-1].Name, 0) {
		return fmt.Sprintf(diverged, p), nil
	}
	return fmt.Sprintf(purged, p), nil
}
