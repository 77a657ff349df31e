package journal

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestReleased: a journal that was closed can be opened at once, although a program that
// was being started at that moment has inherited the lock's file.
func TestReleased(t *testing.T) {
	path := filepath.Join(t.TempDir(), "octail.db.lock")
	first, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := syscall.Dup(int(first.f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	first.release()
	second, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
}
