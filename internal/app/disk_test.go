package app_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestDiskFull lets the disk of journal and events file run full while orders are
// placed. The agent says so, loses nothing, repeats nothing, and goes on by itself
// when there is room again. The disk is a small tmpfs in a mount namespace of the
// agent's own.
func TestDiskFull(t *testing.T) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	server := shoptesting.Server(t, shoptest.Options{})
	database, _, shop := openShop(t, server, shoptest.V4)
	outer := t.TempDir()
	disk := filepath.Join(outer, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	s := settings{dir: disk, prefix: "oc_"}
	text := strings.Replace(configText(server, database, s), filepath.Join(disk, "s"), filepath.Join(outer, "s"), 1)
	file := filepath.Join(outer, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	unshare := []string{"--mount"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	cmd := exec.Command("unshare", append(unshare, "sh", "-c", `mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" --config "$3" run`, "sh", disk, path, file)...)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	a := &agent{t: t, server: server, cfg: configure(t, server, database, s), done: make(chan error, 1)}
	a.cfg.HTTP.Socket = filepath.Join(outer, "s")
	a.quiet()

	placed := 0
	more := func() { // not many more than the disk holds, should the agent be slow to say so
		if placed < 400 {
			place(t, shop, 1)
			placed++
		}
	}
	waitFor(t, "the disk to run full, and the agent to say so", func() bool {
		more()
		var st console.Status
		if err := a.get("/api/v1/status", &st); err != nil {
			t.Fatalf("the agent does not answer: %v\n%s", err, log.String())
		}
		if st.Level != console.Red || !strings.Contains(st.Sentence+strings.Join(st.Reasons, " "), "full") {
			return false
		}
		t.Log(st.Sentence)
		return true
	})
	place(t, shop, 3)
	waitFor(t, "the agent not to be ready, with a full disk", func() bool {
		more()
		return !ready(a)
	})
	enter := []string{"--mount"}
	if os.Getuid() != 0 {
		enter = append(enter, "--user", "--preserve-credentials")
	}
	enterAnd := func(command ...string) {
		out, err := exec.Command("nsenter", append(append(enter, "--target", fmt.Sprint(cmd.Process.Pid)), command...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	enterAnd("mount", "-o", "remount,size=64m", disk)
	place(t, shop, 3)
	a.quiet()
	// Only the agent's namespace has the disk: look at a copy, of files that stand still.
	hold := func(sig syscall.Signal) {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	hold(syscall.SIGSTOP)
	enterAnd("cp", filepath.Join(disk, "octail.db"), filepath.Join(disk, "octail.db-wal"), filepath.Join(disk, "events.jsonl"), outer)
	hold(syscall.SIGCONT)
	a.cfg.Journal.Path = filepath.Join(outer, "octail.db")
	j := a.look()
	compareAll(t, j, server, database, "oc_")
	checkJournal(t, j, filepath.Join(outer, "events.jsonl"))
}

func ready(a *agent) bool {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", a.cfg.HTTP.Socket)
	}}}
	res, err := client.Get("http://octail/readyz")
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}
