package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// disks are the cases in which the journal's disk fails.
var disks = []fault{
	{"F10", "state disk full", diskFull, false},
}

// diskFull lets a tmpfs of 1 MB with journal and file sink run full. It is mounted in a
// mount namespace of the agent's own; its files are read through /proc.
func diskFull(s *scene) {
	for _, tool := range []string{"unshare", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			s.skipf("%s is not installed (package util-linux)", tool)
		}
	}
	s.disk = "disk"
	disk := filepath.Join(s.dir, s.disk)
	s.must(os.Mkdir(disk, 0o700))
	s.openDefault()
	s.configure()
	unshare, enter := []string{"--mount"}, []string{"--mount"}
	if os.Getuid() != 0 {
		unshare, enter = append(unshare, "--map-root-user"), append(enter, "--user", "--preserve-credentials")
	}
	s.agent = s.startIn(s.dir, exec.Command("unshare", append(unshare, "sh", "-c", `mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" --config "$3" run`,
		"sh", disk, s.octail, configFile(s.dir))...))
	s.root = fmt.Sprintf("/proc/%d/root", s.agent.cmd.Process.Pid)
	s.settle()

	s.until("the agent to say that its disk is full", func() bool {
		s.place(3)
		st, err := s.agent.status()
		return err == nil && st.Level == "red" && strings.Contains(st.Sentence+strings.Join(st.Reasons, " "), "full")
	})
	waiting := s.place(5)
	s.want(!s.agent.answers("/readyz"), "ready, with a full disk")
	s.figure("while_full", len(waiting))
	args := append(enter, "--target", fmt.Sprint(s.agent.cmd.Process.Pid), "mount", "-o", "remount,size=64m", disk)
	if out, err := exec.Command("nsenter", args...).CombinedOutput(); err != nil {
		s.failf("enlarge the disk: %v: %s", err, out)
	}
	s.place(3)
	s.recover()
}
