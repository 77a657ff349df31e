// Package journal is octail's durable log: every revision of every entity, the
// binlog position, and what each sink has taken, in one SQLite file. DESIGN.md
// beside this file says what is guaranteed and why it is built so.
package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"
)

// schemaVersion is this program's version of the file; files of a newer one are
// refused. schema.sql makes version 1.
const schemaVersion = 1

//go:embed schema.sql
var schemaSQL string

// Errors of Open. The messages name what to do.
var (
	ErrNewer   = errors.New("the journal was written by a newer version of octail")
	ErrDamaged = errors.New("the journal is damaged")
)

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
	changed chan struct{} // closed and renewed at each append
	tail    tail
	counts  Counts // events and documents only
	stmts   statements
	pack    *zstd.Encoder
	unpack  *zstd.Decoder

	observed observed
}

// Open opens or creates the journal for the agent: it takes the lock (ErrLocked
// with the owner's pid when another process has it), checks the file (ErrDamaged)
// and its version (ErrNewer).
func Open(ctx context.Context, path string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's directory: %w", err)
	}
	l, err := takeLock(path + ".lock")
	if err != nil {
		return nil, err
	}
	j, err := open(ctx, path, l)
	if err != nil {
		l.release()
		return nil, err
	}
	return j, nil
}

func open(ctx context.Context, path string, l *lock) (*Journal, error) {
	_, statErr := os.Stat(path)
	fresh := errors.Is(statErr, os.ErrNotExist)
	if !fresh {
		if err := checkFile(ctx, path); err != nil {
			return nil, err
		}
	} else if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("create the journal: %w", err)
	} else if err := f.Close(); err != nil {
		return nil, fmt.Errorf("create the journal: %w", err)
	}
	j := &Journal{path: path, lock: l, changed: make(chan struct{}), observed: newObserved()}
	var err error
	if j.write, err = sql.Open("sqlite", dsn(path, "rwc")); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j.write.SetMaxOpenConns(1)
	if err := j.prepare(ctx, path, fresh); err != nil {
		j.write.Close()
		return nil, err
	}
	if err := j.openReaders(path); err != nil {
		j.write.Close()
		return nil, err
	}
	return j, nil
}

// Look opens an existing journal for reading only, beside a running agent or
// without one. Writing methods fail.
func Look(ctx context.Context, path string) (*Journal, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{path: path, changed: make(chan struct{})}
	if err := j.openReaders(path); err != nil {
		return nil, err
	}
	if err := checkVersion(ctx, j.read, path); err != nil {
		j.Close()
		return nil, err
	}
	var err error
	if j.last, err = lastSequence(ctx, j.read); err == nil {
		j.birth, err = meta(ctx, j.read, "birth")
	}
	if err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

func (j *Journal) openReaders(path string) error {
	var err error
	if j.read, err = sql.Open("sqlite", dsn(path, "ro")); err != nil {
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

func dsn(path, mode string) string {
	q := url.Values{}
	q.Set("mode", mode)
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-2048)", "journal_size_limit(16777216)", "temp_store(MEMORY)"} {
		if mode == "ro" && p != "busy_timeout(10000)" && p != "cache_size(-2048)" {
			continue
		}
		q.Add("_pragma", p)
	}
	if mode != "ro" {
		q.Set("_txlock", "immediate")
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// checkFile looks at an existing file before anything is written to it.
func checkFile(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path, "ro"))
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := checkVersion(ctx, db, path); err != nil {
		return err
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return damaged(path, err.Error())
	}
	if verdict != "ok" {
		return damaged(path, verdict)
	}
	return nil
}

func damaged(path, detail string) error {
	return fmt.Errorf("%w (%s: %s). Put back a backup of it, or move %s away: octail then compares the whole shop again and delivers under a new birth mark",
		ErrDamaged, path, detail, path)
}

func checkVersion(ctx context.Context, db *sql.DB, path string) error {
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return damaged(path, err.Error())
	}
	if tables == 0 { // created, but killed before the tables were made
		return nil
	}
	v, err := meta(ctx, db, "schema_version")
	if err != nil {
		return damaged(path, err.Error())
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return damaged(path, fmt.Sprintf("schema version %q", v))
	}
	if n > schemaVersion {
		return fmt.Errorf("%w: %s has schema %d, this octail knows up to %d. Install the newer octail again; the file was not touched", ErrNewer, path, n, schemaVersion)
	}
	return nil
}

// prepare makes the tables of a new file and loads what is kept in memory.
func (j *Journal) prepare(ctx context.Context, path string, fresh bool) error {
	var tables int
	if err := j.write.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if tables == 0 {
		if err := j.create(ctx, path); err != nil {
			return fmt.Errorf("create the journal: %w", err)
		}
	}
	var err error
	if j.last, err = lastSequence(ctx, j.write); err != nil {
		return err
	}
	if j.birth, err = meta(ctx, j.write, "birth"); err != nil {
		return err
	}
	if err := j.write.QueryRowContext(ctx, countAll).Scan(&j.counts.Events, &j.counts.Documents); err != nil {
		return fmt.Errorf("count the journal: %w", err)
	}
	return j.stmts.prepare(ctx, j.write)
}

func (j *Journal) create(ctx context.Context, path string) error {
	// A file beside the journal remembers that this place had one: a journal
	// that is made anew (lost, moved away) must not repeat the ids of the first.
	birth := ""
	_, err := os.Stat(path + ".born")
	switch {
	case err == nil:
		birth = newBirth()
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, schemaSQL); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"schema_version": strconv.Itoa(schemaVersion), "birth": birth, "position": "", "last_sequence": "0",
		"created": strconv.FormatInt(time.Now().UnixMicro(), 10),
	} {
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?)", name, value); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return os.WriteFile(path+".born", []byte("octail journal first made "+time.Now().UTC().Format(time.RFC3339)+"\nKeep this file: it keeps event ids unique if the journal is lost.\n"), 0o600)
}

// newBirth is a birth mark: four characters, enough to tell the few journals of
// one shop apart.
func newBirth() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := make([]byte, 4)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// Close ends all use of the journal and frees the lock.
func (j *Journal) Close() error {
	var errs []error
	if j.read != nil {
		errs = append(errs, j.read.Close())
	}
	if j.write != nil {
		j.mu.Lock()
		j.stmts.close()
		errs = append(errs, j.write.Close())
		j.mu.Unlock()
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
	birth := newBirth()
	if err := setMeta(ctx, j.write, "birth", birth); err != nil {
		return "", err
	}
	j.birth = birth
	return birth, nil
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
		return "", fmt.Errorf("read journal meta %s: %w", name, err)
	}
	return v, nil
}

func setMeta(ctx context.Context, db *sql.DB, name, value string) error {
	if _, err := db.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value); err != nil {
		return fmt.Errorf("write journal meta %s: %w", name, err)
	}
	return nil
}

func lastSequence(ctx context.Context, q queryer) (int64, error) {
	v, err := meta(ctx, q, "last_sequence")
	if err != nil || v == "" {
		return 0, err
	}
	return strconv.ParseInt(v, 10, 64)
}

// Meta reads a pinned value, "" when it was never set.
func (j *Journal) Meta(ctx context.Context, name string) (string, error) {
	return meta(ctx, j.read, name)
}

// SetMeta pins a value.
func (j *Journal) SetMeta(ctx context.Context, name, value string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
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
