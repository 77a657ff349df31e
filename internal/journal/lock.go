package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
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
		for range 20 { // it may not have written its pid yet
			if owner != unknown {
				break
			}
			time.Sleep(10 * time.Millisecond)
			owner = Owner(path)
		}
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w by process %s (%s). Only one octail may run on a journal: stop the other one, or give this one its own journal.path", ErrLocked, owner, path)
		}
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	// Over the old pid, which needs no room: on a full disk we can still deliver.
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(pid), 0); err == nil {
		_ = f.Truncate(int64(len(pid)))
	} else {
		_ = f.Truncate(0)
	}
	return &lock{f}, nil
}

// release frees it at once: a program that this process is just starting may still hold a
// copy of the file, and with it the lock, after it is closed here.
func (l *lock) release() {
	_ = syscall.Flock(int(l.f.Fd()), syscall.LOCK_UN)
	l.f.Close()
}

// Owner reads the pid from a lock file, "unknown" when it holds none.
func Owner(path string) string {
	b, err := os.ReadFile(path)
	pid, _, _ := strings.Cut(string(b), "\n")
	if err == nil && pid != "" {
		return pid
	}
	return unknown
}

const unknown = "unknown"
