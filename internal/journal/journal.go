// Package journal is octail's durable log: every revision of every entity, the
// binlog position, and what each sink has taken, in one SQLite file. DESIGN.md
// beside this file says what is guaranteed and why it is built so.
package journal

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"
)

// schemaVersion is this program's version of the file; files of a newer one are
// refused. schema.sql makes version 1.
const schemaVersion = 1

//go:embed schema.sql
var schemaSQL string

// Journal is an open journal file. Append and the other writing methods may be
// called from several goroutines; they take turns. Reading methods run beside
// them.
type Journal struct {
	path  string
	lock  *lock
	write *sql.DB // one connection
	read  *sql.DB

	mu      sync.Mutex // held during writes
	last    int64      // sequence of the newest event
	birth   string
	born    int64 // what the birth file says; -1: to be written
	reached int64 // see Restored
	closed  bool
	changed chan struct{} // closed and renewed at each append
	tail    tail
	counts  Counts // events and documents only
	rest    rest   // of marks
	stmts   statements
	pack    *zstd.Encoder
	unpack  *zstd.Decoder
	swept   sweep
	removed atomic.Int64 // see Removed
	// verified: nothing is left to be looked at by Verify.
	verified atomic.Bool

	forgotten atomic.Pointer[forgotten] // nil: nobody
	// failpoint: see SetFailpoint.
	failpoint func(name string)

	observed observed
}

// Open opens or creates the journal for the agent: it takes the lock (ErrLocked
// with the owner's pid when another process has it), checks the file (ErrDamaged)
// and its version (ErrNewer).
func Open(ctx context.Context, path string) (*Journal, error) {
	path = real(path)
	if _, err := os.Lstat(path); err == nil {
		if err := look(path, true); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's directory: %w", err)
	}
	l, err := takeLock(path + ".lock")
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, lock: l, changed: make(chan struct{}), observed: newObserved()}
	if err := j.open(ctx); err != nil {
		j.release()
		return nil, err
	}
	return j, nil
}

// real follows a link to a journal elsewhere: the lock must lie beside the file
// itself, whatever name it was opened by.
func real(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

func (j *Journal) open(ctx context.Context) error {
	reached, born, err := readBorn(j.path)
	if err != nil {
		return err
	}
	_, err = os.Lstat(j.path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		birth := ""
		if born {
			birth = newBirth()
		}
		if err := create(ctx, j.path, birth); err != nil {
			return fmt.Errorf("create the journal: %w", err)
		}
		j.verified.Store(true)
	} else {
		whole, err := checkFile(ctx, j.path)
		if err != nil {
			return err
		}
		j.verified.Store(whole)
	}
	if err := j.openWriter(ctx); err != nil {
		return openError(j.path, err)
	}
	if err := j.openReaders(); err != nil {
		return err
	}
	backup, err := meta(ctx, j.write, backupMark)
	if err != nil {
		return err
	}
	behind := born && !fresh && reached > j.last
	if behind {
		j.reached = reached
	}
	if behind || backup != "" {
		if _, err := j.takeBirth(ctx); err != nil {
			return err
		}
	}
	if backup != "" {
		if _, err := j.write.ExecContext(ctx, "DELETE FROM meta WHERE name = ?", backupMark); err != nil {
			return doing("take a backup for the journal", err)
		}
	}
	j.born = -1
	_ = j.keepBorn(ctx) // on a full disk what is here can still be delivered; Retain tries again and tells
	return nil
}

// Look opens an existing journal for reading only, beside a running agent or
// without one. Writing methods return an error.
func Look(ctx context.Context, path string) (*Journal, error) {
	path = real(path)
	if err := look(path, false); err != nil {
		return nil, err
	}
	j := &Journal{path: path, changed: make(chan struct{})}
	if err := j.openReaders(); err != nil {
		j.release()
		return nil, err
	}
	err := checkVersion(ctx, j.read, path)
	if err == nil {
		j.last, err = lastSequence(ctx, j.read)
	}
	if err == nil {
		j.birth, err = meta(ctx, j.read, "birth")
	}
	if err != nil {
		j.release()
		return nil, err
	}
	return j, nil
}

func (j *Journal) openReaders() error {
	var err error
	if j.read, err = sql.Open("sqlite", dsn(j.path, "ro")); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.read.SetMaxOpenConns(2)
	j.read.SetConnMaxIdleTime(time.Minute)
	if j.pack, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if j.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20)); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	return nil
}

// openWriter opens the one writing connection and loads what is kept in memory.
func (j *Journal) openWriter(ctx context.Context) error {
	var err error
	if j.write, err = sql.Open("sqlite", dsn(j.path, "rw", writing...)); err != nil {
		return err
	}
	j.write.SetMaxOpenConns(1)
	if j.last, err = lastSequence(ctx, j.write); err != nil {
		return err
	}
	if j.birth, err = meta(ctx, j.write, "birth"); err != nil {
		return err
	}
	if j.counts, err = countAll(ctx, j.write); err != nil {
		return err
	}
	if err := j.loadForgotten(ctx); err != nil {
		return err
	}
	removed, err := numberIn(ctx, j.write, "removed")
	if err != nil {
		return err
	}
	j.removed.Store(removed)
	return j.stmts.prepare(ctx, j.write)
}

// dsn names the file for the driver, with the settings of a reading ("ro") or the
// writing ("rw") connection.
func dsn(path, mode string, more ...string) string {
	pragmas := []string{"busy_timeout(10000)", "cache_size(-2048)"}
	q := url.Values{"mode": {mode}}
	if mode != "ro" {
		q.Set("_txlock", "immediate")
		pragmas = append(pragmas, "synchronous(FULL)", "temp_store(MEMORY)")
	}
	q["_pragma"] = append(pragmas, more...)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// writing are the further settings of the agent's own connection. What is removed is
// overwritten: a person who is forgotten must not be found in free pages.
var writing = []string{"journal_mode(WAL)", "journal_size_limit(16777216)", "secure_delete(1)"}

// Close ends all use of the journal and frees the lock.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.write != nil && !j.closed {
		err = j.keepBorn(context.Background())
	}
	return errors.Join(err, j.release())
}

// release closes what is open; the lock goes last.
func (j *Journal) release() error {
	if j.closed {
		return nil
	}
	j.closed = true
	var errs []error
	if j.read != nil {
		errs = append(errs, j.read.Close())
	}
	j.stmts.close()
	if j.write != nil {
		errs = append(errs, j.write.Close())
	}
	if j.unpack != nil {
		j.unpack.Close()
	}
	if j.lock != nil {
		j.lock.release()
	}
	return errors.Join(errs...)
}

// Path is where the journal lies.
func (j *Journal) Path() string { return j.path }

// Birth is the journal's birth mark, "" for the shop's first journal.
func (j *Journal) Birth() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.birth
}

// TakeBirth gives the journal a new birth mark from its next event on. It is
// called when a sink turns out to hold events of another journal of this shop.
func (j *Journal) TakeBirth(ctx context.Context) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return "", err
	}
	return j.takeBirth(ctx)
}

func (j *Journal) takeBirth(ctx context.Context) (string, error) {
	birth := newBirth()
	if err := setMeta(ctx, j.write, "birth", birth); err != nil {
		return "", err
	}
	j.birth = birth
	return birth, nil
}

// Restored returns the last sequence of the journal that was here before, when
// this one ends earlier: a backup has been put back. It has then taken a new birth
// mark. 0: it was not.
func (j *Journal) Restored() int64 { return j.reached }

// errLook: a writing method of a journal from Look.
var errLook = errors.New("the journal is open for reading only")

func (j *Journal) writable() error {
	if j.write == nil {
		return errLook
	}
	return nil
}

// Last is the sequence of the newest event, 0 for an empty journal.
func (j *Journal) Last() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Changed returns a channel that is closed at the next append.
func (j *Journal) Changed() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changed
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func meta(ctx context.Context, q queryer, name string) (string, error) {
	var v string
	err := q.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", doing("read journal meta "+name, err)
	}
	return v, nil
}

func setMeta(ctx context.Context, db *sql.DB, name, value string) error {
	if _, err := db.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value); err != nil {
		return doing("write journal meta "+name, err)
	}
	return nil
}

func lastSequence(ctx context.Context, q queryer) (int64, error) {
	return numberIn(ctx, q, "last_sequence")
}

// numberIn reads a number out of meta.
func numberIn(ctx context.Context, q queryer, name string) (int64, error) {
	v, err := meta(ctx, q, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s %q", ErrDamaged, name, v)
	}
	return n, nil
}

// Meta reads a pinned value, "" when it was never set.
func (j *Journal) Meta(ctx context.Context, name string) (string, error) {
	return meta(ctx, j.read, name)
}

// SetMeta pins a value.
func (j *Journal) SetMeta(ctx context.Context, name, value string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	return setMeta(ctx, j.write, name, value)
}

// Position is the stored binlog position as Append got it, "" before the first.
func (j *Journal) Position(ctx context.Context) (string, error) { return j.Meta(ctx, "position") }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
