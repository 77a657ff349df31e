package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of Open. The messages name what to do.
var (
	ErrNewer   = errors.New("the journal was written by a newer version of octail")
	ErrDamaged = errors.New("the journal is damaged")
)

func damaged(path, detail string) error {
	return fmt.Errorf("%w (%s: %s). Put back a backup of it, or move it away together with %s-wal: "+
		"octail then reads the shop anew, as at a first start (capture.snapshot says what; add order: 30d for the orders of 30 days), and delivers under a new birth mark",
		ErrDamaged, path, detail, path)
}

// isDamage tells errors that come from the content of the file from those of its
// surroundings (rights, space, disk, time).
func isDamage(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return true
	case sqlite3.SQLITE_IOERR:
		return e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ || e.Code() == sqlite3.SQLITE_IOERR_DATA
	}
	return false
}

// doing wraps an error with what was being done, marks damage as such, and says what
// to do about a full disk.
func doing(what string, err error) error {
	var e *sqlite.Error
	switch {
	case isDamage(err):
		return fmt.Errorf("%s: %w: %w", what, ErrDamaged, err)
	case errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%s: %w; make room on the disk of journal.path, it goes on by itself", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// look refuses what is no journal file, before SQLite opens it: a FIFO would
// block, and SQLite's own messages do not name the cause.
func look(path string, write bool) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("open journal: %w", err)
	case info.IsDir():
		return fmt.Errorf("open journal: %s is a folder: name a file in it in journal.path", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("open journal: %s is not a regular file: choose another journal.path", path)
	}
	mode := uint32(unix.R_OK)
	if write {
		mode |= unix.W_OK
	}
	if err := unix.Access(path, mode); err != nil {
		return fmt.Errorf("open journal: %s: %w (it belongs to another user: run octail as that one)", path, err)
	}
	if info.Size() == 0 { // Open makes a journal under another name: never this
		return damaged(path, "it is empty")
	}
	return nil
}

// checkVersion looks whether the file is a journal that this program can read.
func checkVersion(ctx context.Context, db *sql.DB, path string) error {
	v, err := meta(ctx, db, "schema_version")
	if err != nil {
		return openError(path, err)
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return damaged(path, fmt.Sprintf("schema version %q", v))
	}
	if n > schemaVersion {
		return fmt.Errorf("%w: %s has schema %d, this octail knows up to %d. Install the newer octail again; the file was not touched", ErrNewer, path, n, schemaVersion)
	}
	return nil
}

// openError is for statements whose text cannot be wrong: that a table or column
// is missing comes from the file.
func openError(path string, err error) error {
	var e *sqlite.Error
	if isDamage(err) || errors.As(err, &e) && e.Code() == sqlite3.SQLITE_ERROR {
		return damaged(path, err.Error())
	}
	return fmt.Errorf("open journal %s: %w", path, err)
}

// checkAtOnce is up to which size of the file all of it is looked at before anything
// starts. Of a larger one that would take longer than a start may: Verify does it.
var checkAtOnce int64 = 64 << 20

// Tables that grow with the shop or the journal. Each of their rows is compared with its
// checksum whenever it is read.
var largeTables = []string{"events", "documents", "dirty", "polled", "accepted", "attempts", "links"}

// checkFile looks at an existing file before anything is written to it: version,
// tables, trees and indexes, the checksum of every row but those of events, and that the
// numbers fit together. Of a large file (whole is false then) it leaves out the large
// tables.
func checkFile(ctx context.Context, path string) (whole bool, err error) {
	db, err := sql.Open("sqlite", dsn(path, "ro"))
	if err != nil {
		return false, fmt.Errorf("open journal: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := checkVersion(ctx, db, path); err != nil {
		return false, err
	}
	if err := checkTables(ctx, db, path); err != nil {
		return false, err
	}
	var size int64
	if err := db.QueryRowContext(ctx, "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())").Scan(&size); err != nil {
		return false, openError(path, err)
	}
	if size <= checkAtOnce {
		return true, checkAll(ctx, db, path)
	}
	for table := range sums {
		if slices.Contains(largeTables, table) {
			continue
		}
		if err := checkTrees(ctx, db, path, "integrity_check("+table+")"); err != nil {
			return false, err
		}
		if err := checkSums(ctx, db, path, table); err != nil {
			return false, err
		}
	}
	return false, checkNumbers(ctx, db, path)
}

// Verify looks at what Open has left out of a large file, and takes as long as reading
// the file does: beside everything else. ErrDamaged: stop. After nil there is nothing
// left to look at.
func (j *Journal) Verify(ctx context.Context) error {
	if j.verified.Load() {
		return nil
	}
	db, err := sql.Open("sqlite", dsn(j.path, "ro"))
	if err != nil {
		return fmt.Errorf("check the journal: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := checkAll(ctx, db, j.path); err != nil {
		return err
	}
	j.verified.Store(true)
	return nil
}

// checkAll looks at all but the checksums of events.
func checkAll(ctx context.Context, db *sql.DB, path string) error {
	if err := checkTrees(ctx, db, path, "integrity_check(1)"); err != nil {
		return err
	}
	for table := range sums {
		if table == "events" { // the bulk of the file: compared when they are read
			continue
		}
		if err := checkSums(ctx, db, path, table); err != nil {
			return err
		}
	}
	if err := checkNumbers(ctx, db, path); err != nil {
		return err
	}
	var lost int64
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM documents d WHERE NOT deleted
		AND NOT EXISTS (SELECT 1 FROM events e WHERE e.sequence = d.sequence)`).Scan(&lost)
	if err != nil {
		return openError(path, err)
	}
	if lost > 0 {
		return damaged(path, fmt.Sprintf("%d newest documents are missing", lost))
	}
	return nil
}

func checkTrees(ctx context.Context, db *sql.DB, path, pragma string) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&verdict); err != nil {
		return openError(path, err)
	}
	if verdict != "ok" {
		return damaged(path, verdict)
	}
	return nil
}

func checkSums(ctx context.Context, db *sql.DB, path, table string) error {
	var wrong int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE sum IS NOT "+sums[table]).Scan(&wrong); err != nil {
		return openError(path, err)
	}
	if wrong > 0 {
		return damaged(path, fmt.Sprintf("wrong checksum of %d rows of %s", wrong, table))
	}
	return nil
}

const tablesOf = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1"

// checkTables compares the tables with those of schema.sql.
func checkTables(ctx context.Context, db *sql.DB, path string) error {
	model, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer model.Close()
	model.SetMaxOpenConns(1)
	if _, err := model.ExecContext(ctx, schemaSQL); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	want, err := texts(ctx, model, tablesOf)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	have, err := texts(ctx, db, tablesOf)
	if err != nil {
		return openError(path, err)
	}
	// An operator may have added an index or a view; what we need must be there.
	for _, w := range want {
		if !slices.Contains(have, w) {
			return damaged(path, "a table is not as octail made it")
		}
	}
	return nil
}

func texts(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	var out []string
	err = each(rows, func() error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// checkNumbers looks whether the numbers that the rest is counted from are there and
// fit together.
func checkNumbers(ctx context.Context, db *sql.DB, path string) error {
	last, err := lastSequence(ctx, db)
	if err != nil {
		return damaged(path, err.Error())
	}
	var names, events, documents int64
	err = db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM meta WHERE name IN ('position', 'birth', 'last_sequence', 'removed', 'gone')),
		(SELECT coalesce(max(sequence), 0) FROM events),
		max((SELECT coalesce(max(sequence), 0) FROM documents WHERE bulk = 0), (SELECT coalesce(max(sequence), 0) FROM documents WHERE bulk = 1))`).
		Scan(&names, &events, &documents)
	switch {
	case err != nil:
		return openError(path, err)
	case names != 5:
		return damaged(path, "values are missing in meta")
	case events > last || documents > last:
		return damaged(path, fmt.Sprintf("the last sequence is %d, but there is an event %d", last, max(events, documents)))
	}
	return nil
}
