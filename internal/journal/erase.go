package journal

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"octail/transform/document"
)

// metaSalt is what the hashes of forgotten people are made with: random, and of this
// journal alone, so that no table of common addresses fits.
const metaSalt = "erase_salt"

// forgotten is who is to be kept out, in memory: asked for with every document.
type forgotten struct {
	salt   []byte
	hashes map[[sha256.Size]byte]bool
}

func (f *forgotten) hash(kind, value string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, f.salt)
	h.Write([]byte(kind + "/" + value))
	h.Sum(sum[:0])
	return sum
}

func (f *forgotten) has(kind, value string) bool { return f.hashes[f.hash(kind, value)] }

// NormalEmail is an address as it is compared: without regard to case.
func NormalEmail(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// Kinds of hashes.
const byCustomer, byEmail = "customer", "email"

// loadForgotten reads the hashes at Open.
func (j *Journal) loadForgotten(ctx context.Context) error {
	text, err := meta(ctx, j.write, metaSalt)
	if err != nil || text == "" {
		return err
	}
	f := &forgotten{hashes: map[[sha256.Size]byte]bool{}}
	if f.salt, err = hex.DecodeString(text); err != nil {
		return fmt.Errorf("%w: %s", ErrDamaged, metaSalt)
	}
	rows, err := j.write.QueryContext(ctx, "SELECT hash FROM erased")
	if err != nil {
		return err
	}
	err = each(rows, func() error {
		var hash []byte
		if err := rows.Scan(&hash); err != nil {
			return err
		}
		f.hashes[[sha256.Size]byte(hash)] = true
		return nil
	})
	if err == nil {
		j.forgotten.Store(f)
	}
	return err
}

// Forget keeps people out of all documents made from now on, durably: by a customer's
// id, by addresses. The journal keeps salted hashes of them only. Safe to repeat.
func (j *Journal) Forget(ctx context.Context, customers []int64, emails []string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	fresh := &forgotten{hashes: map[[sha256.Size]byte]bool{}}
	if old := j.forgotten.Load(); old != nil {
		fresh.salt = old.salt
		for h := range old.hashes {
			fresh.hashes[h] = true
		}
	} else {
		fresh.salt = make([]byte, 16)
		rand.Read(fresh.salt)
	}
	for _, id := range customers {
		fresh.hashes[fresh.hash(byCustomer, strconv.FormatInt(id, 10))] = true
	}
	for _, address := range emails {
		if address = NormalEmail(address); address != "" {
			fresh.hashes[fresh.hash(byEmail, address)] = true
		}
	}
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO NOTHING", metaSalt, hex.EncodeToString(fresh.salt)); err != nil {
			return err
		}
		for h := range fresh.hashes {
			if _, err := tx.ExecContext(ctx, "INSERT INTO erased (hash, time) VALUES (?, ?) ON CONFLICT DO NOTHING", h[:], time.Now().UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return doing("note who is to be forgotten", err)
	}
	j.forgotten.Store(fresh)
	return nil
}

// Forgets reports whether anybody is to be kept out.
func (j *Journal) Forgets() bool { return j.forgotten.Load() != nil }

// Forgotten reports whether somebody is to be kept out: by the customer's id (0: a
// guest) or by the address ("": none). It asks no file.
func (j *Journal) Forgotten(customer int64, email string) bool {
	f := j.forgotten.Load()
	if f == nil {
		return false
	}
	if customer > 0 && f.has(byCustomer, strconv.FormatInt(customer, 10)) {
		return true
	}
	email = NormalEmail(email)
	return email != "" && f.has(byEmail, email)
}

// Limits of a page of Scan.
const (
	scanEvents = 500
	scanBytes  = 8 << 20
)

// Scan reads all events of some kinds behind a sequence, in order. It returns the
// newest sequence there was; an error of fn ends it.
func (j *Journal) Scan(ctx context.Context, after int64, kinds []string, fn func(Stored) error) (last int64, err error) {
	last = j.Last()
	args := make([]any, 0, len(kinds)+3)
	for _, k := range kinds {
		args = append(args, k)
	}
	query := "SELECT " + eventColumns + " FROM events WHERE entity IN (?" + strings.Repeat(",?", len(kinds)-1) + ") AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"
	for {
		rows, err := j.read.QueryContext(ctx, query, append(args, after, last, scanEvents)...)
		if err != nil {
			return 0, doing("read journal events", err)
		}
		var page []Stored // so that fn may write
		size := 0
		err = each(rows, func() error {
			s, err := j.scanEvent(rows)
			if err != nil {
				return err
			}
			page = append(page, s)
			if size += len(s.Data); size >= scanBytes {
				return errEnough
			}
			return nil
		})
		if err != nil {
			return 0, doing("read journal events", err)
		}
		for i := range page {
			if err := fn(page[i]); err != nil {
				return 0, err
			}
		}
		if len(page) < scanEvents && size < scanBytes {
			return last, nil
		}
		after = page[len(page)-1].Sequence
	}
}

// scrubStep is how many events are scrubbed in one transaction.
const scrubStep = 200

// Scrub takes the content out of events, and out of what is remembered of delivering
// them: their data becomes document.Scrubbed; all else of them stays. Of the keys the
// texts in attempts, dead letters and parked entities go too, and addresses from what
// entities are found by. It returns how many events it scrubbed; safe to repeat.
func (j *Journal) Scrub(ctx context.Context, sequences []int64, keys []document.Key, emails []string) (n int64, err error) {
	// Compressed, so that what compresses old events at this moment does not put back what it has read.
	data := j.pack.EncodeAll([]byte(document.Scrubbed), nil)
	for len(sequences) > 0 {
		part := sequences[:min(len(sequences), scrubStep)]
		sequences = sequences[len(part):]
		list, err := json.Marshal(part)
		if err != nil {
			return n, fmt.Errorf("scrub events: %w", err)
		}
		err = j.change(ctx, "scrub events", func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, "UPDATE events SET packed = 1, data = ?1 WHERE sequence IN (SELECT value FROM json_each(?2)) AND data <> ?1", data, string(list))
			if err != nil {
				return err
			}
			done, err := res.RowsAffected()
			if err != nil {
				return err
			}
			n += done
			j.tail = tail{} // it has them in memory
			// Of a log's calls those are remembered together that succeeded one after another.
			_, err = tx.ExecContext(ctx, `UPDATE attempts SET request = '', answer = '' WHERE entity = '' AND request <> ''
				AND EXISTS (SELECT 1 FROM json_each(?) WHERE value BETWEEN attempts.first AND attempts.sequence)`, string(list))
			return err
		})
		if err != nil {
			return n, err
		}
	}
	return n, j.change(ctx, "scrub what is remembered of deliveries", func(tx *sql.Tx) error {
		for _, k := range keys {
			for _, q := range []string{
				"UPDATE attempts SET request = '', answer = '' WHERE entity = ? AND key = ?",
				"UPDATE dead SET cause = '', request = '', answer = '' WHERE entity = ? AND key = ?",
				"UPDATE parked SET error = '' WHERE entity = ? AND key = ?",
			} {
				if _, err := tx.ExecContext(ctx, q, k.Entity, k.ID); err != nil {
					return err
				}
			}
		}
		for _, address := range emails {
			for _, q := range []string{"UPDATE documents SET email = NULL WHERE email = ?", "UPDATE sinks SET error = '' WHERE instr(lower(error), ?)"} {
				if _, err := tx.ExecContext(ctx, q, NormalEmail(address)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Clean empties the write-ahead log, which keeps what the file itself has lost
// (secure_delete overwrites it there).
func (j *Journal) Clean(ctx context.Context) error {
	for try := 0; ; try++ {
		j.mu.Lock()
		var busy, pages, done int
		err := j.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done)
		j.mu.Unlock()
		switch {
		case err != nil:
			return doing("empty the journal's log", err)
		case busy == 0:
			return nil
		case try == 5:
			return errors.New("the journal's log cannot be emptied while another program reads the journal: close what has it open and ask again")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Hits counts in the journal's files as they lie on the disk, and in copies beside them
// (octail.db.old), how often any of some texts occurs, whatever its case: what erasing
// cannot reach or has missed, by file. It does not look into compressed events.
func (j *Journal) Hits(ctx context.Context, texts []string) (map[string]int64, error) {
	files, err := filepath.Glob(globbed(j.path) + "*")
	if err != nil {
		return nil, fmt.Errorf("search the journal's files: %w", err)
	}
	found := map[string]int64{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			continue
		}
		n, err := hitsIn(ctx, file, texts)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("search the journal's files: %w", err)
		}
		if n > 0 {
			found[file] = n
		}
	}
	return found, nil
}

// globbed escapes a path for Glob.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func hitsIn(ctx context.Context, file string, texts []string) (n int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	longest := 0
	for _, t := range texts {
		longest = max(longest, len(t))
	}
	buf := make([]byte, 0, 1<<20)
	for ctx.Err() == nil {
		kept := len(buf) // the end of the part before: a text may lie across
		got, err := io.ReadFull(f, buf[kept:cap(buf)])
		buf = buf[:kept+got]
		for i := range buf[kept:] {
			if c := buf[kept+i]; 'A' <= c && c <= 'Z' {
				buf[kept+i] = c + 'a' - 'A'
			}
		}
		for _, t := range texts {
			low := []byte(strings.ToLower(t))
			if len(low) == 0 {
				continue
			}
			// Those that end in the new part alone.
			n += int64(bytes.Count(buf[max(0, kept-len(low)+1):], low))
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return n, nil
			}
			return n, err
		}
		buf = append(buf[:0], buf[len(buf)-min(len(buf), longest):]...)
	}
	return n, ctx.Err()
}
