package ledger

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Mirror reads the two files of a receiver of states: what it holds, and all requests it
// had. What it was told to remove by hand is not there any more.
func Mirror(dir string) ([]Record, error) {
	records, gone, err := states(filepath.Join(dir, "state.jsonl"))
	if err != nil {
		return nil, err
	}
	for i := range records {
		records[i].Gone = gone[records[i].Target]
	}
	err = eachLine(filepath.Join(dir, "requests.jsonl"), func(line []byte) error {
		var q struct{ ID, Subject, Result string }
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		if q.ID != "" && q.Result != "stored" { // those that were are in the other file
			records = append(records, Record{ID: q.ID, Subject: q.Subject, Older: q.Result == "older"})
		}
		return nil
	})
	return records, err
}

// states reads what a receiver of states held, change by change.
func states(path string) (records []Record, gone map[string]bool, err error) {
	gone = map[string]bool{}
	err = eachLine(path, func(line []byte) error {
		var c struct {
			Record *struct {
				Target, Subject, ID string
				Revision, Sequence  int64
				Deleted             bool
				Document            json.RawMessage
			}
			Back *time.Time
			Gone string
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		switch {
		case c.Back != nil:
			return errors.New("a receiver that went back to a backup is not judged")
		case c.Gone != "":
			gone[c.Gone] = true
		case c.Record != nil && c.Record.Subject != "":
			q := c.Record
			entity, _, _ := strings.Cut(q.Subject, "/")
			facts, err := FactsOf(entity, q.Document)
			if err != nil {
				return err
			}
			records = append(records, Record{ID: q.ID, Subject: q.Subject, Revision: q.Revision, Sequence: q.Sequence, Deleted: q.Deleted, Stored: true,
				Document: q.Document, Facts: facts, Target: q.Target})
		}
		return nil
	})
	return records, gone, err
}

// eachLine reads a file of lines; one without an end is not there yet.
func eachLine(path string, do func([]byte) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewReaderSize(f, 1<<20); ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil { // its end: the last one may be half written
			return nil
		}
		if err := do(line); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n+1, err)
		}
	}
}
