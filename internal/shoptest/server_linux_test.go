package shoptest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// alive says whether a process exists and is not only waiting to be collected.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	after := stat[bytes.LastIndexByte(stat, ')')+1:]
	return !bytes.HasPrefix(bytes.TrimSpace(after), []byte("Z"))
}

// TestKilledParent kills a program that runs a server: server and folder go too.
func TestKilledParent(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			parent := exec.Command(os.Args[0])
			parent.Env = append(os.Environ(), childVariable+"="+flavor, "TMPDIR="+temp)
			out, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			var pid int
			var dir string
			if _, err := fmt.Sscan(line, &pid, &dir); err != nil {
				t.Fatal(line, err)
			}
			if !alive(pid) || filepath.Dir(filepath.Dir(dir)) != temp {
				t.Fatalf("process %d, folder %s", pid, dir)
			}
			if err := parent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = parent.Wait()
			for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
				left, err := os.ReadDir(temp)
				if err != nil {
					t.Fatal(err)
				}
				if !alive(pid) && len(left) == 0 {
					t.Logf("gone after %s", time.Since(start).Round(time.Millisecond))
					break
				}
				if time.Since(start) > 5*time.Minute {
					t.Fatalf("process alive: %v, left behind: %v", alive(pid), left)
				}
			}
		})
	}
}
