package canal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// A server may send a transaction a moment before it counts it among those it
	// has executed. So a place that seems to be ahead of the log is looked at again.
	verifyTries = 4
	verifyPause = 250 * time.Millisecond
)

// Verify reports whether the server's log still holds everything behind p: nil, or
// an error that wraps ErrPurged or ErrDiverged; any other means that the server
// could not be asked. p's file and offset are left empty when they were read on
// another server. The dump itself does not tell: MariaDB accepts a GTID that it has
// not given yet and waits for it in silence.
// It only reads; needs BINLOG MONITOR (MariaDB) or REPLICATION CLIENT.
func Verify(ctx context.Context, db *sql.DB, server Server, p Position) error {
	for try := 1; ; try++ {
		finding, err := verify(ctx, db, server, p)
		if err != nil {
			return fmt.Errorf("compare the stored position with the server's log: %w", err)
		}
		if !errors.Is(finding, ErrDiverged) || try == verifyTries {
			return finding
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("compare the stored position with the server's log: %w", ctx.Err())
		case <-time.After(verifyPause):
		}
	}
}

// verify looks once.
func verify(ctx context.Context, db *sql.DB, server Server, p Position) (finding, err error) {
	files, err := LogFiles(ctx, db)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	byGTID := server.GTID && p.GTID != ""
	switch {
	case byGTID && server.Flavor == MySQL:
		finding, err = verifyMySQL(ctx, db, p)
	case byGTID:
		finding, err = verifyMariaDB(ctx, db, p, files[0].Name)
	}
	if finding != nil || err != nil || p.File == "" {
		return finding, err
	}
	if finding = verifyFile(p, files, byGTID); finding != nil || !byGTID || server.Flavor != MariaDB {
		return finding, nil
	}
	return verifyPlace(ctx, db, p)
}

// verifyPlace compares a MariaDB server's GTIDs at file and offset with those that
// were there. A log that was begun anew gives the same numbers to other transactions.
func verifyPlace(ctx context.Context, db *sql.DB, p Position) (finding, err error) {
	set, known, err := gtidsAt(ctx, db, p)
	if err != nil || !known { // the file is gone
		return nil, err
	}
	there := domains(set)
	for domain, g := range domains(p.GTID) {
		if there[domain].sequence < g.sequence { // more is right: Here reads the GTIDs first
			return fmt.Errorf("%w: at %s:%d it has GTID %s, not %s", ErrDiverged, p.File, p.Offset, orNone(set), p.GTID), nil
		}
	}
	return nil, nil
}

func verifyMySQL(ctx context.Context, db *sql.DB, p Position) (finding, err error) {
	var within, executed bool
	err = db.QueryRowContext(ctx, "SELECT GTID_SUBSET(@@global.gtid_purged, ?), GTID_SUBSET(?, @@global.gtid_executed)", p.GTID, p.GTID).Scan(&within, &executed)
	switch {
	case err != nil:
		if code, _, _ := answer(err); code == 1772 { // malformed GTID set
			return fmt.Errorf("%w: the stored GTID set cannot be read", ErrDiverged), nil
		}
		return nil, err
	case !executed:
		return fmt.Errorf("%w: it has not executed all of %s", ErrDiverged, p.GTID), nil
	case !within:
		return fmt.Errorf("%w: transactions behind %s are among those it has purged", ErrPurged, p.GTID), nil
	}
	return nil, nil
}

// verifyMariaDB compares domain by domain with where the log begins and ends.
func verifyMariaDB(ctx context.Context, db *sql.DB, p Position, first string) (finding, err error) {
	var begins, ends sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT BINLOG_GTID_POS(?, 4), @@global.gtid_binlog_pos", first).Scan(&begins, &ends); err != nil {
		return nil, err
	}
	at, begin, end := domains(p.GTID), domains(begins.String), domains(ends.String)
	for domain, g := range at {
		e := end[domain]
		if g.sequence > e.sequence || g.sequence == e.sequence && g.server != e.server {
			return fmt.Errorf("%w: it ends at GTID %s, before %s", ErrDiverged, orNone(ends.String), p.GTID), nil
		}
	}
	for domain, g := range begin {
		if at[domain].sequence < g.sequence {
			return fmt.Errorf("%w: its log begins behind GTID %s, after %s", ErrPurged, begins.String, p.GTID), nil
		}
	}
	return nil, nil
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

type mariadbGTID struct {
	server   string
	sequence uint64
}

// domains are the places of a MariaDB position (domain-server-sequence,...) by
// domain. A text of another form has none: the dump's answer says so.
func domains(gtid string) map[string]mariadbGTID {
	m := map[string]mariadbGTID{}
	for part := range strings.SplitSeq(gtid, ",") {
		f := strings.Split(strings.TrimSpace(part), "-")
		if len(f) != 3 {
			continue
		}
		if n, err := strconv.ParseUint(f[2], 10, 64); err == nil {
			m[f[0]] = mariadbGTID{f[1], n}
		}
	}
	return m
}

// restOf is how much of its file lies behind p; 0 when the file is gone.
func restOf(ctx context.Context, db *sql.DB, p Position) (uint64, error) {
	files, err := LogFiles(ctx, db)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		if f.Name == p.File && f.Size > p.Offset {
			return f.Size - p.Offset, nil
		}
	}
	return 0, nil
}

// verifyFile looks for the place itself. byGTID: the GTIDs behind it were found, so
// that a file which is gone is no hole.
func verifyFile(p Position, files []LogFile, byGTID bool) (finding error) {
	newest := files[len(files)-1]
	for _, f := range files {
		if f.Name == p.File {
			if f.Size < p.Offset {
				return fmt.Errorf("%w: %s ends at %d, before %d", ErrDiverged, f.Name, f.Size, p.Offset)
			}
			return nil
		}
	}
	if compareFiles(p.File, newest.Name) > 0 {
		return fmt.Errorf("%w: its newest file is %s, before %s", ErrDiverged, newest.Name, p.File)
	}
	if byGTID {
		return nil
	}
	return fmt.Errorf("%w: %s was deleted", ErrPurged, p.File)
}
