//go:build odoo

package odootest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/internal/shoptest"
)

// childVariable makes the test binary a program that uses the server of a version, says
// what it was given, and waits to be killed.
const childVariable = "ODOOTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Args = append(os.Args[:1], "-test.run=^TestChild$", "-test.v")
	}
	os.Exit(m.Run())
}

func TestChild(t *testing.T) {
	version, err := strconv.Atoi(os.Getenv(childVariable))
	if err != nil {
		return // it is no test
	}
	o := odootest.Database(t, version)
	o.Call(t, "res.users", "read", map[string]any{"ids": []int{2}}, nil)
	others := o.SQL(t, "SELECT count(*) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
	fmt.Printf("\nCHILD %s %s\n", others[0][0], strings.TrimPrefix(o.URL, "http://"))
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test that started it is gone
}

// user is a test process that uses the server.
type user struct {
	cmd       *exec.Cmd
	server    string // a process of the server it was given, and the port
	databases string
	own       string // where the process of its database listens
}

func (u *user) kill() {
	if u.cmd.Process != nil {
		_ = u.cmd.Process.Kill()
		_ = u.cmd.Wait()
	}
}

// TestUsers: processes share one server, it ends after them however they end, and
// what is left by those that were killed is no trouble for the next.
func TestUsers(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		cache := copyOfTree(t, version)
		files := filepath.Join(cache, fmt.Sprint("odoo-", version))

		both := make(chan *user, 2)
		for range 2 {
			go func() { both <- startUser(t, cache, version) }()
		}
		a, b := <-both, <-both
		if a.server == "" || a.server != b.server {
			t.Fatalf("two at once were given %q and %q", a.server, b.server)
		}
		if a.own == b.own {
			t.Errorf("two databases have one process, at %s", a.own)
		}
		a.kill()
		waitRefused(a.own)
		c := startUser(t, cache, version)
		if c.server != b.server {
			t.Errorf("while one of two is left, a third was given %q, not %q", c.server, b.server)
		}
		b.kill()
		c.kill()
		waitEnd(t, files)

		d := startUser(t, cache, version)
		if d.databases != "1" {
			t.Errorf("of killed processes %s databases are left, with the new one's", d.databases)
		}
		// With the server's first process all others end, and with the one that waits for it too.
		first, port, _ := strings.Cut(d.server, " ")
		pid, err := strconv.Atoi(first)
		if err != nil {
			t.Fatal(err)
		}
		d.kill()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitRefused("127.0.0.1:" + strings.TrimSpace(port))
		e := startUser(t, cache, version)
		if e.server == d.server || e.databases != "1" {
			t.Errorf("after the server was killed: %q (before: %q), %s databases", e.server, d.server, e.databases)
		}
		e.kill()
		waitEnd(t, files)
	})
}

func startUser(t *testing.T, cache string, version int) *user {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprint(childVariable, "=", version), "OCTAIL_CACHE="+cache)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return &user{cmd: cmd}
	}
	if _, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return &user{cmd: cmd}
	}
	u := &user{cmd: cmd}
	t.Cleanup(u.kill)
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "CHILD %s %s", &u.databases, &u.own); err == nil {
			u.server = readFile(t, filepath.Join(cache, fmt.Sprintf("odoo-%d.server", version)))
			return u
		}
		said += lines.Text() + "\n"
	}
	t.Errorf("a process could not use the server:\n%s", said)
	return u
}

// waitRefused waits until nobody listens there any more.
func waitRefused(address string) {
	for {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
		time.Sleep(20 * time.Millisecond)
	}
}

// waitEnd waits until no process of the server is left: each of them holds the lock.
func waitEnd(t *testing.T, files string) {
	t.Helper()
	f, err := os.OpenFile(files+".server", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for end := time.Now().Add(5 * time.Minute); ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			t.Fatalf("the server does not end after its last user: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// copyOfTree is a cache with a server that only this test uses: links to the programs, and
// a backup of the shared server's databases.
func copyOfTree(t *testing.T, version int) string {
	t.Helper()
	shared, err := shoptest.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.MkdirTemp(shared, "odootest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop := exec.Command("./odoo.sh", "stop", fmt.Sprint(version))
		stop.Env = append(os.Environ(), "OCTAIL_CACHE="+cache)
		if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		if err := os.RemoveAll(cache); err != nil {
			t.Error(err)
		}
	})
	tree, copied := filepath.Join(shared, fmt.Sprint("odoo-", version)), filepath.Join(cache, fmt.Sprint("odoo-", version))
	from, to := filepath.Join(tree, "srv", "odoo"), filepath.Join(copied, "srv", "odoo")
	if err := os.Mkdir(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	programs := []string{"cp", "-al", "-t", copied}
	entries, err := os.ReadDir(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "srv" { // there databases come and go
			programs = append(programs, filepath.Join(tree, e.Name()))
		}
	}
	backup := filepath.Base(cache)
	t.Cleanup(func() { os.RemoveAll(filepath.Join(from, backup)) })
	odootest.Database(t, version).SQL(t, "COPY (SELECT 1) TO PROGRAM 'pg_basebackup -c fast -D /srv/odoo/"+backup+" 2>&1'")
	for _, args := range [][]string{
		programs,
		{"mkdir", "-p", to + "/run", to + "/log", to + "/data"},
		{"cp", "-a", from + "/odoo.conf", from + "/keys", to},
		{"mv", filepath.Join(from, backup), to + "/pg"},
		{"chown", "--reference=" + from, to, to + "/run", to + "/log", to + "/data"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return cache
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
