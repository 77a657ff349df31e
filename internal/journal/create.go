package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// create makes a new journal: under another name first, so that a file at path
// always is a whole journal, however the process ends.
func create(ctx context.Context, path, birth string) error {
	fresh := path + ".new"
	for _, left := range []string{fresh, fresh + "-journal"} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := fill(ctx, fresh, birth); err != nil {
		return err
	}
	// A log that a journal which was moved away has left here would be replayed
	// into the new one.
	if err := os.Rename(path+"-wal", path+"-wal.old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func fill(ctx context.Context, path, birth string) error {
	db, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, schemaSQL); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"schema_version": strconv.Itoa(schemaVersion), "birth": birth, "position": "", "last_sequence": "0", "removed": "0", "gone": "0",
		"created": strconv.FormatInt(time.Now().UnixMicro(), 10),
	} {
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?)", name, value); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return db.Close()
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

// The file <journal>.born remembers that this place had a journal, and how far it
// had come. A journal that is made anew (lost, moved away) or that lies behind it
// (restored from a backup) must not repeat the ids of what was delivered already:
// it gets a new birth mark.
const bornText = `octail journal first made %s
Keep this file: it keeps event ids unique if the journal is lost or restored.
sequence %d
`

// readBorn returns how far the journal of this place had come; ok is false when
// it never had one.
func readBorn(path string) (sequence int64, ok bool, err error) {
	b, err := os.ReadFile(path + ".born")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("open journal: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if n, found := strings.CutPrefix(line, "sequence "); found {
			sequence, _ = strconv.ParseInt(strings.TrimSpace(n), 10, 64)
		}
	}
	return sequence, true, nil
}

// keepBorn writes the file anew when the journal has grown. Called with mu held.
func (j *Journal) keepBorn(ctx context.Context) error {
	if j.born == j.last {
		return nil
	}
	created, err := meta(ctx, j.write, "created")
	if err != nil {
		return err
	}
	micro, _ := strconv.ParseInt(created, 10, 64)
	if err := writeFile(j.path+".born", fmt.Sprintf(bornText, time.UnixMicro(micro).UTC().Format(time.RFC3339), j.last)); err != nil {
		return fmt.Errorf("write the journal's birth file: %w", err)
	}
	j.born = j.last
	return nil
}

// writeFile replaces a file in one step that survives a power cut.
func writeFile(path, content string) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = os.Remove(fresh)
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
