package odootest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// ready is how long a server may take until it answers, on a machine with much else to do.
// One that ends instead is not waited for.
const ready = 5 * time.Minute

// server is the one Odoo of a version that this machine's test processes share.
type server struct {
	version int
	script  string // odoo.sh
	tree    string // the folder with all of it; beside it the files of the locks
	keys    map[string]string
	url     string
}

var shared = struct {
	sync.Mutex
	servers map[int]*server
	failed  map[int]error
	users   []*os.File // open until this process ends: with it the kernel frees the locks
}{servers: map[int]*server{}, failed: map[int]error{}}

// join returns the shared server of the version, started if need be.
func join(tb testing.TB, version int) *server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if s := shared.servers[version]; s != nil {
		return s
	}
	err := shared.failed[version] // once is enough to wait for what does not come
	var s *server
	if err == nil {
		s, err = find(tb, version)
	}
	if err == nil {
		err = s.use()
	}
	if err != nil {
		shared.failed[version] = err
		tb.Fatalf("take part in Odoo %d: %v", version, err)
	}
	shared.servers[version] = s
	return s
}

// find looks for what odoo.sh built.
func find(tb testing.TB, version int) (*server, error) {
	cache, err := shoptest.CacheDir()
	if err != nil {
		return nil, err
	}
	s := &server{
		version: version,
		script:  filepath.Join(shoptesting.Root(tb), "internal", "odootest", "odoo.sh"),
		tree:    filepath.Join(cache, fmt.Sprintf("odoo-%d", version)),
		keys:    map[string]string{},
	}
	lines, err := os.ReadFile(filepath.Join(s.tree, "srv", "odoo", "keys"))
	if err != nil {
		return nil, fmt.Errorf("%w: build it with: internal/odootest/odoo.sh build %d", err, version)
	}
	for line := range strings.Lines(string(lines)) {
		login, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.keys[login] = key
	}
	return s, nil
}

// use makes this process a user of the server until it ends. While the server is ending,
// it holds the users' lock alone; so who has that lock finds it running or gone.
func (s *server) use() error {
	users, err := lock(s.tree+".users", syscall.LOCK_SH)
	if err != nil {
		return err
	}
	shared.users = append(shared.users, users)
	start, err := lock(s.tree+".start", syscall.LOCK_EX) // one process starts, the others wait for it
	if err != nil {
		return err
	}
	defer start.Close()
	var ended chan error // of the server this process started
	for deadline := time.Now().Add(ready); ; time.Sleep(100 * time.Millisecond) {
		port, err := s.runs()
		if err != nil {
			return err
		}
		if port == "" && ended == nil {
			if ended, err = s.start(); err != nil {
				return err
			}
		}
		// One that was killed may be found while its last processes end: then it does not
		// answer any more, and is started afresh.
		s.url = "http://127.0.0.1:" + port
		if port != "" {
			if err = answers(s.url); err == nil {
				return nil
			}
		}
		select {
		case err := <-ended:
			return err
		default:
			if time.Now().After(deadline) {
				return fmt.Errorf("no answer for %v: %w", ready, err)
			}
		}
	}
}

// runs returns the server's port, nothing when it does not run. All its processes hold a
// lock, on a file that names the port.
func (s *server) runs() (port string, err error) {
	f, err := lock(s.tree+".server", syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return "", f.Close()
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return "", err
	}
	text, err := os.ReadFile(s.tree + ".server")
	if err != nil {
		return "", err
	}
	_, port, _ = strings.Cut(strings.TrimSpace(string(text)), " ")
	return port, nil
}

// start starts the server in a session of its own: Ctrl-C is for the tests. When it ends,
// the reason comes from the channel.
func (s *server) start() (chan error, error) {
	port, held, err := reserve()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(s.tree, "srv", "odoo", "log", "serve.log"))
	if err != nil {
		held.Close()
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(s.script, "serve", fmt.Sprint(s.version), port, "users")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		held.Close()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		held.Close()
		ended <- fmt.Errorf("it ended (%v), see the files in %s", err, filepath.Dir(log.Name()))
	}()
	return ended, nil
}

// run has odoo.sh do something and returns what it prints.
func (s *server) run(ctx context.Context, input, command string, args ...string) (string, error) {
	var out, said strings.Builder
	cmd := exec.CommandContext(ctx, s.script, append([]string{command, fmt.Sprint(s.version)}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("odoo.sh %s: %w: %s", command, err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}

// answers says whether an Odoo answers calls.
func answers(url string) error { return rpc(url, "common", "version", nil, nil) }

// lock opens a file and takes a lock on it, which ends when the file is closed.
func lock(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
	}
}

// reserve finds a port of this machine that nobody listens at, and keeps it from all who
// let the system choose one, for connections too: it is bound, and SO_REUSEADDR lets a
// server bind it all the same, as it is one who names it. It is free when held is closed.
func reserve() (port string, held *os.File, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("find a free port: %w", err)
	}
	held = os.NewFile(uintptr(fd), "port")
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	var at syscall.Sockaddr
	if err == nil {
		at, err = syscall.Getsockname(fd)
	}
	if err != nil {
		held.Close()
		return "", nil, fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Itoa(at.(*syscall.SockaddrInet4).Port), held, nil
}
