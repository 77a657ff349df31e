package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ErrLocked: another process has the journal. Its message names the pid.
var ErrLocked = errors.New("the journal is in use")

// lock is an flock on a file that holds its owner's pid. The kernel frees it
// when the process ends, however it ends.
type lock struct{ f *os.File }

func takeLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal's lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner := Owner(path)
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w by process %s (%s). Only one octail may run on a journal: stop the other one, or give this one its own journal.path", ErrLocked, owner, path)
		}
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("write the journal's lock file: %w", err)
		}
	}
	return &lock{f}, nil
}

func (l *lock) release() { l.f.Close() }

// Owner reads the pid from a lock file, "unknown" when it holds none.
func Owner(path string) string {
	b, err := os.ReadFile(path)
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return pid
	}
	return "unknown"
}
