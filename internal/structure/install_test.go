package structure

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestInstall: make install puts everything below DESTDIR, the unit is one that the
// oldest systemd we mean takes without a word, and make uninstall leaves nothing.
func TestInstall(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("make", append(args, "DESTDIR="+dir, "PREFIX=/usr")...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("make %s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := run("build", "install"); !strings.Contains(out, "sudo octail init /path/of/the/shop") {
		t.Errorf("it does not say what comes next:\n%s", out)
	}
	want := []string{
		"usr/bin/octail", "usr/lib/systemd/system/octail.service", "usr/lib/sysusers.d/octail.conf", "usr/lib/tmpfiles.d/octail.conf",
		"usr/share/bash-completion/completions/octail", "usr/share/doc/octail/config.yaml",
		"usr/share/fish/vendor_completions.d/octail.fish", "usr/share/zsh/vendor-completions/_octail",
	}
	if got := under(t, dir); !slices.Equal(got, want) {
		t.Errorf("installed: %q\nwant %q", got, want)
	}
	for _, name := range want {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 || info.Mode().Perm()&0o444 != 0o444 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	t.Run("unit", func(t *testing.T) {
		verify(t, filepath.Join(dir, "usr/lib/systemd/system/octail.service"), filepath.Join(dir, "usr/bin/octail"))
	})
	run("uninstall")
	if got := under(t, dir); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "usr/share")); err != nil || len(left) > 0 {
		t.Errorf("folders left behind: %v %v", left, err)
	}
}

func under(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// newer are settings that systemd 252 ignores, with a warning or, worse, without.
var newer = regexp.MustCompile(`(?m)^(Type=notify-reload|RestartSteps=|RestartMaxDelaySec=|RestartMode=|MemoryPressureWatch=|PrivatePIDs=).*$`)

// verify reads the unit, and has systemd read it where there is one. (Its exit code
// is 0 for unknown keys and bad values too: what counts is that it says nothing.)
func verify(t *testing.T, unit, binary string) {
	data, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	if m := newer.Find(data); m != nil {
		t.Errorf("systemd 252 does not know %s", m)
	}
	if m := regexp.MustCompile(`(?m)^[A-Z]\w+=.*[ \t][#;] .*$`).Find(data); m != nil {
		t.Errorf("systemd has no comments behind a value: %s", m)
	}
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("there is no systemd-analyze here: the unit was read by this test alone")
		return
	}
	text := strings.ReplaceAll(string(data), "/usr/bin/octail", binary)
	copied := filepath.Join(t.TempDir(), "octail.service")
	if err := os.WriteFile(copied, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", "--man=no", copied}, {"security", "--offline=true", "--no-pager", "--threshold=20", copied}} {
		cmd := exec.Command(program, args...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil || errs.Len() > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s%s", args[0], err, errs.String(), out.String())
		}
	}
}
