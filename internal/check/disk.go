package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
)

// leastFree is the free space below which a shop's busy week may fill the disk.
const leastFree = 1 << 30

// disk tries to write where the journal lies or will lie, and looks at the space
// there.
func (c *checker) disk(context.Context) error {
	dir := filepath.Dir(c.Config.Journal.Path)
	there, err := existing(dir)
	made := there != dir // the first start makes what is missing
	if err == nil {
		err = tryWrite(there)
	}
	switch {
	case errors.Is(err, errNoDirectory):
		c.fail("disk", "# give journal.path in "+c.configFile()+" another directory", "%s, where the journal's directory should be, is no directory", there)
		return nil
	case errors.Is(err, syscall.EROFS):
		c.fail("disk", "findmnt -T "+there+"   # mounted read-only: look at the kernel's log (dmesg), then: mount -o remount,rw ...\n# an octail under systemd may write only where its unit lets it: ReadWritePaths=",
			"nothing can be written to %s (%s)", there, reason(err))
		return nil
	case errors.Is(err, syscall.ENOSPC):
		c.fail("disk", "df -h "+there+"   # make room", "nothing can be written to the journal's directory %s: its disk is full", dir)
		return nil
	case err != nil && made:
		c.fail("disk", fmt.Sprintf("install -d -m 0700 -o %s %s", owner(), dir), "the journal's directory %s does not exist, and this user may not make it in %s (%s)", dir, there, reason(err))
		return nil
	case err != nil:
		c.fail("disk", chown(dir), "nothing can be written to the journal's directory %s (%s)", dir, reason(err))
		return nil
	}
	free, err := c.free(there)
	if err != nil {
		return fmt.Errorf("ask for the free space in %s: %w", there, err)
	}
	most := uint64(c.Config.Journal.MaxBytes)
	switch {
	case free < leastFree:
		c.warn("disk", "df -h "+there+"   # make room, or give journal.path a larger disk", "only %s are free in %s: octail stops following the shop when the disk is full", size(free), there)
	case free < most/4:
		c.warn("disk", "df -h "+there+"   # make room, or lower journal.max_bytes", "only %s are free in %s, although the journal may grow to %s (journal.max_bytes)", size(free), there, size(most))
	case made:
		c.ok("disk", "the first start makes the journal's directory %s; %s has %s free", dir, there, size(free))
	default:
		c.ok("disk", "%s can be written to and has %s free", dir, size(free))
	}
	return nil
}

// errNoDirectory: something else stands where a directory should be.
var errNoDirectory = errors.New("no directory")

// existing is dir, or the nearest directory above it that there is.
func existing(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return dir, errNoDirectory
		case err == nil:
			return dir, nil
		case errors.Is(err, syscall.ENOTDIR): // the file is further up
		case !errors.Is(err, fs.ErrNotExist):
			return dir, err
		}
		if _, err := os.Lstat(dir); err == nil { // a link to nowhere
			return dir, errNoDirectory
		}
		dir = filepath.Dir(dir)
	}
}

// tryWrite makes and removes a file in dir.
func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".octail-check-*")
	if err != nil {
		return err
	}
	_, writeErr := f.WriteString("octail\n")
	return errors.Join(writeErr, f.Close(), os.Remove(f.Name()))
}

func chown(dir string) string {
	return fmt.Sprintf("chown -R %s %s && chmod 0700 %s", owner(), dir, dir)
}

// owner is the user whom the journal should belong to: the service's, when it is
// the administrator who asks.
func owner() string {
	if os.Geteuid() == 0 {
		if _, err := user.Lookup("octail"); err == nil {
			return "octail"
		}
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Geteuid())
}

// reason is a file system's error without the path.
func reason(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

func freeBytes(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

func size(n uint64) string {
	switch {
	case n >= 1<<40:
		return fmt.Sprintf("%.1f TiB", float64(n)/(1<<40))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
