package shoptest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the program has ended
	err    error         // how it ended; read it after exited
}

// startProcess starts cmd. The kernel ties its life to the *thread* that started
// it, not to the process, so the goroutine that does it keeps its thread until the
// program ends.
func startProcess(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = processAttributes()
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) signal(sig syscall.Signal) {
	// The program may have ended meanwhile, which is what a signal is for.
	_ = p.cmd.Process.Signal(sig)
}

// reaper is a tiny program that removes a folder as soon as this process is gone,
// however it ends.
type reaper struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	dir   string
}

// reaperScript waits for its input to close and removes the folder $0. It tries
// again for a while, as the server may just be dying and still write.
const reaperScript = `read -r line; i=0; while [ -e "$0" ] && [ $i -lt 100 ]; do rm -rf -- "$0" 2>/dev/null || sleep 0.1; i=$((i+1)); done`

func startReaper(dir string) (*reaper, error) {
	cmd := exec.Command("/bin/sh", "-c", reaperScript, dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // survives Ctrl-C
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("watch over %s: %w", dir, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watch over %s: %w", dir, err)
	}
	return &reaper{cmd: cmd, stdin: stdin, dir: dir}, nil
}

// finish removes the folder and ends the reaper.
func (r *reaper) finish() error {
	err := os.RemoveAll(r.dir)
	_ = r.stdin.Close()
	if waited := r.cmd.Wait(); err == nil && waited != nil {
		err = waited
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", r.dir, err)
	}
	return nil
}
