package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// service is the user that the systemd unit runs octail as.
const service = "octail"

// isService tells whether the configuration is the service's, asked by the service's
// user.
func (p *program) isService() bool {
	u, err := user.Current()
	return err == nil && u.Username == service && p.isServices()
}

// isServices tells whether the configuration is one for the service: they lie in the
// folder of the default one, which is the service's to read. Another folder says nothing
// of who is to run octail with it.
func (p *program) isServices() bool {
	path, err := filepath.Abs(p.config)
	return err == nil && filepath.Dir(path) == filepath.Dir(defaultConfig)
}

// serviceUser is the user whose rights count for the configuration: root asks about
// the service's, and the service runs as somebody else. nil: whoever asks.
func (p *program) serviceUser() *user.User {
	if os.Geteuid() != 0 || !p.isServices() {
		return nil
	}
	u, err := user.Lookup(service)
	if err != nil || u.Uid == "0" {
		return nil
	}
	return u
}

// checkAs runs `octail check` as another user: what that one may read and write, and
// whom the database takes him for, only he can try.
func (p *program) checkAs(ctx context.Context, exe string, as *user.User, asJSON bool) error {
	args := []string{"--config", p.config, "check"}
	if asJSON {
		args = append(args, "--json")
	} else {
		fmt.Fprintf(p.stdout, "(as the service's user %s)\n", as.Username)
	}
	var err error
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = p.stdout, p.stderr, "/"
	if cmd.SysProcAttr, err = identity(as); err != nil {
		return fmt.Errorf("check as %s: %w", as.Username, err)
	}
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return &exitError{error: err, code: ended.ExitCode(), quiet: true}
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the service's user %s may not run %s: install octail where everybody may (make install)", as.Username, exe)
	case err != nil:
		return fmt.Errorf("check as %s: %w", as.Username, err)
	}
	return nil
}

// identity makes a process somebody's, with his groups.
func identity(u *user.User) (*syscall.SysProcAttr, error) {
	names, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	var ids []uint32
	for _, name := range append([]string{u.Uid, u.Gid}, names...) {
		id, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return nil, err
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}}, nil
}
