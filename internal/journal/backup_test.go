package journal_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"octail/internal/journal"
)

// TestBackup: a backup, taken while the journal grows or by somebody who only looks,
// is a whole journal. Whoever goes on from it takes a new birth mark, wherever it was put.
func TestBackup(t *testing.T) {
	for _, by := range []string{"agent", "onlooker"} {
		t.Run(by, func(t *testing.T) {
			path := newPath(t)
			j := open(t, path)
			for i := range int64(5) {
				add(t, j, order(i+1), `{"v":1}`)
			}
			check(t, j.Settle(t.Context(), "erp", journal.Outcome{Dead: []journal.Dead{{Key: order(1), Revision: 1, Sequence: 1}}}))
			from := j
			if by == "onlooker" {
				from = must[*journal.Journal](t)(journal.Look(t.Context(), path))
				defer closeIt(t, from)
			}
			to := filepath.Join(t.TempDir(), "backup.db")
			ctx, stop := context.WithCancel(t.Context())
			grown := make(chan error, 1)
			go func() {
				for ctx.Err() == nil {
					if _, err := j.Append(context.Background(), journal.Commit{Position: "p"}); err != nil {
						grown <- err
						return
					}
				}
				grown <- nil
			}()
			check(t, from.Backup(t.Context(), to))
			stop()
			check(t, <-grown)
			info := must[os.FileInfo](t)(os.Stat(to))
			if info.Mode().Perm() != 0o600 {
				t.Errorf("mode %s", info.Mode())
			}
			contains(t, from.Backup(t.Context(), to), "exists already")
			if left, _ := filepath.Glob(to + "?*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			add(t, j, order(6), `{"v":1}`) // delivered, perhaps, and not in the backup

			restored := newPath(t) // on another host, where nothing remembers a journal
			copyFiles(t, to, restored)
			back := open(t, restored)
			if birth := back.Birth(); len(whole(t, back)) != 5 || birth == "" {
				t.Errorf("birth mark %q", birth)
			}
			add(t, back, order(6), `{"v":2}`)
			if e := whole(t, back)[5]; e.EventID() != "order/6@1~"+back.Birth() {
				t.Error(e.EventID())
			}
			if list := must[[]journal.Dead](t)(back.DeadLetters(t.Context(), journal.DeadFilter{}, 9)); len(list) != 1 {
				t.Errorf("%+v", list)
			}
			birth := back.Birth()
			closeIt(t, back)
			if again := open(t, restored); again.Birth() != birth { // it is the journal now
				t.Errorf("%s became %s", birth, again.Birth())
			}
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		j := open(t, newPath(t))
		contains(t, j.Backup(t.Context(), filepath.Join(t.TempDir(), "no", "backup.db")), "no such file")
	})
}
