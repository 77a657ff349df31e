package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes the journal as it is now into a new file, durably and readable by its
// owner alone; it refuses one that exists. It runs beside appends. A journal that is
// opened from a backup takes a new birth mark: what was journaled after it was taken may
// have been delivered already.
func (j *Journal) Backup(ctx context.Context, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("back up the journal: %s exists already: choose another name", to)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up the journal: %w", err)
	}
	part := to + ".part" // under its own name only when it is whole
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up the journal: %w", err)
	}
	err := j.backup(ctx, part)
	if err == nil {
		err = os.Rename(part, to)
	}
	if err == nil {
		err = syncDir(filepath.Dir(to))
	}
	if err != nil {
		_ = os.Remove(part)
		return doing("back up the journal to "+to, err)
	}
	return nil
}

func (j *Journal) backup(ctx context.Context, part string) error {
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := j.read.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return err
	}
	if err := markBackup(ctx, part); err != nil {
		return err
	}
	return f.Sync()
}

// backupMark is the value of meta by which Open knows a backup.
const backupMark = "backup"

func markBackup(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := setMeta(ctx, db, backupMark, "1"); err != nil {
		return err
	}
	return db.Close()
}
