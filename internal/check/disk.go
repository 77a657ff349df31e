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

// disk tries to write where the journal lies, and looks at the space there.
func (c *checker) disk(context.Context) error {
	dir := filepath.Dir(c.Config.Journal.Path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.fail("disk", fmt.Sprintf("install -d -m 0700 -o %s %s", owner(), dir), "the journal's directory %s does not exist", dir)
		return nil
	case err != nil:
		c.fail("disk", chown(dir), "the journal's directory %s cannot be used (%s)", dir, reason(err))
		return nil
	case !info.IsDir():
		c.fail("disk", "# give journal.path in "+c.configFile()+" another directory", "%s, where the journal's directory should be, is a file", dir)
		return nil
	}
	if err := tryWrite(dir); err != nil {
		remedy := chown(dir)
		if errors.Is(err, syscall.EROFS) {
			remedy = "mount | grep ' on '   # the file system is mounted read-only: look at the kernel's log (dmesg), then remount it"
		}
		c.fail("disk", remedy, "nothing can be written to the journal's directory %s (%s)", dir, reason(err))
		return nil
	}
	free, err := c.free(dir)
	if err != nil {
		return fmt.Errorf("ask for the free space in %s: %w", dir, err)
	}
	most := uint64(c.Config.Journal.MaxBytes)
	switch {
	case free < leastFree:
		c.warn("disk", "df -h "+dir+"   # make room, or give journal.path a larger disk", "only %s are free in %s: octail stops following the shop when the disk is full", size(free), dir)
	case free < most/4:
		c.warn("disk", "df -h "+dir+"   # make room, or lower journal.max_bytes", "only %s are free in %s, although the journal may grow to %s (journal.max_bytes)", size(free), dir, size(most))
	default:
		c.ok("disk", "%s can be written to and has %s free", dir, size(free))
	}
	return nil
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
	}
	return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
}
