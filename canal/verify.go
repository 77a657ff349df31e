package canal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
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
	finding, err := verifyGTID(ctx, db, server, p)
	for try := 1; err == nil && errors.Is(finding, ErrDiverged) && try < verifyTries; try++ {
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(verifyPause):
			finding, err = verifyGTID(ctx, db, server, p)
		}
	}
	if err == nil && finding == nil && p.File != "" {
		finding, err = verifyFile(ctx, db, server, p)
	}
	if err != nil {
		return fmt.Errorf("compare the stored position with the server's log: %w", err)
	}
	return finding
}

// verifyGTID compares p's GTIDs with those the log holds.
func verifyGTID(ctx context.Context, db *sql.DB, server Server, p Position) (finding, err error) {
	switch {
	case !server.GTID || p.GTID == "":
		return nil, nil
	case server.Flavor == MySQL:
		return verifyMySQL(ctx, db, p)
	}
	return verifyMariaDB(ctx, db, p)
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
func verifyMariaDB(ctx context.Context, db *sql.DB, p Position) (finding, err error) {
	files, err := LogFiles(ctx, db)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	var begins, ends sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT BINLOG_GTID_POS(?, 4), @@global.gtid_binlog_pos", files[0].Name).Scan(&begins, &ends); err != nil {
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
		if f.Name == p.File && f.Size > p.Offset && f.Size <= math.MaxUint32 {
			return f.Size - p.Offset, nil
		}
	}
	return 0, nil
}

// verifyFile looks for the place itself. A log that was begun anew gives the same GTIDs
// to other transactions.
func verifyFile(ctx context.Context, db *sql.DB, server Server, p Position) (finding, err error) {
	files, err := LogFiles(ctx, db)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	byGTID := server.GTID && p.GTID != ""
	for _, f := range files {
		switch {
		case f.Name != p.File:
		case f.Size > math.MaxUint32: // offsets in events have 32 bits: ours means little
			return nil, nil
		case f.Size < p.Offset:
			return fmt.Errorf("%w: %s ends at %d, before %d", ErrDiverged, f.Name, f.Size, p.Offset), nil
		case byGTID && server.Flavor == MariaDB:
			return verifyPlace(ctx, db, p)
		default:
			return nil, nil
		}
	}
	switch newest := files[len(files)-1]; {
	case compareFiles(p.File, newest.Name) > 0:
		return fmt.Errorf("%w: its newest file is %s, before %s", ErrDiverged, newest.Name, p.File), nil
	case byGTID: // the GTIDs behind it were found
		return nil, nil
	}
	return fmt.Errorf("%w: %s was deleted", ErrPurged, p.File), nil
}

// verifyPlace compares a MariaDB server's GTIDs at file and offset with those that
// were there.
func verifyPlace(ctx context.Context, db *sql.DB, p Position) (finding, err error) {
	set, known, err := gtidsAt(ctx, db, p)
	if err != nil {
		return nil, err
	}
	if !known {
		return fmt.Errorf("%w: no event of it ends at %s:%d", ErrDiverged, p.File, p.Offset), nil
	}
	there := domains(set)
	for domain, g := range domains(p.GTID) {
		if there[domain] != g {
			return fmt.Errorf("%w: at %s:%d it has GTID %s, not %s", ErrDiverged, p.File, p.Offset, orNone(set), p.GTID), nil
		}
	}
	return nil, nil
}
