package structure

import (
	"bytes"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// private are pieces of text that belong to somebody's machine. They are put
// together here so that this file does not hold them.
var private = map[string]string{
	"/wo" + "rk/":             "a path of the machine it was written on",
	"/ro" + "ot/":             "a path of the machine it was written on",
	"/home" + "/":             "a path of the machine it was written on",
	"/tmp" + "/bash":          "a path of the machine it was written on",
	"proxy.golang" + ".org":   "how modules are fetched is the builder's affair",
	"sum.golang" + ".org":     "how modules are fetched is the builder's affair",
	"GOPR" + "OXY":            "how modules are fetched is the builder's affair",
	"GONOSUM" + "DB":          "how modules are fetched is the builder's affair",
	"BEGIN OPENSSH " + "PRIV": "a private key",
	"AK" + "IA":               "an access key",
}

var (
	email = regexp.MustCompile(`[\w.+%-]+@([\w-]+(?:\.[\w-]+)+)`)
	url   = regexp.MustCompile(`\b[a-z]+://([A-Za-z0-9.-]+\.[A-Za-z]{2,})\b`)
	ip    = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
)

// hosts are those that texts may name besides example.com: where a reader finds
// what a comment relies on, and where the tests' servers come from.
var hosts = []string{
	"www.apache.org", "github.com", "pkg.go.dev", "go.dev",
	"mariadb.com", "mariadb.org", "dlm.mariadb.com", "archive.mariadb.org",
	"dev.mysql.com", "cdn.mysql.com", "downloads.mysql.com",
	"docs.opencart.com", "www.opencart.com", "cloudevents.io", "www.sqlite.org", "sqlite.org",
	"www.freedesktop.org", "yaml.org", "prometheus.io", "datatracker.ietf.org", "www.rfc-editor.org",
}

// TestTexts: the repository speaks of the product alone, and its examples
// belong to nobody.
func TestTexts(t *testing.T) {
	seen := 0
	for _, name := range files(t) {
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed since it was listed
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
			continue // no text
		}
		seen++
		for n, line := range strings.Split(string(data), "\n") {
			report := func(what, why string) { t.Errorf("%s:%d names %s: %s", name, n+1, what, why) }
			for text, why := range private {
				if strings.Contains(line, text) {
					report(text, why)
				}
			}
			for _, m := range email.FindAllStringSubmatch(line, -1) {
				if version.MatchString(m[1]) { // user@10.0.0.1 is checked below, module@v1.2.3 is none
					continue
				}
				if !example(m[1]) {
					report(m[0], "made-up people live at example.com, where no mail can reach anybody")
				}
			}
			for _, m := range url.FindAllStringSubmatch(line, -1) {
				if !example(m[1]) && !slices.Contains(hosts, m[1]) {
					report(m[0], "made-up shops live at example.com; a real source belongs to the list in internal/structure/texts_test.go")
				}
			}
			for _, m := range ip.FindAllString(line, -1) {
				if a, err := netip.ParseAddr(m); err == nil && !harmless(a) {
					report(m, "take an address of a private network or of 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, which are for examples")
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d texts were found", seen)
	}
}

var version = regexp.MustCompile(`^v?\d`)

func example(host string) bool {
	host = strings.ToLower(host)
	for _, name := range []string{"example.com", "example.org", "example.net"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return strings.HasSuffix(host, ".example") || strings.HasSuffix(host, ".test") || strings.HasSuffix(host, ".invalid")
}

func harmless(a netip.Addr) bool {
	if a.As4()[0] < 5 { // the version of an OpenCart
		return true
	}
	if a.IsLoopback() || a.IsPrivate() || a.IsUnspecified() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"} {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}

// files are those that are, or would be, committed. Outside of a clone: all.
func files(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil {
		return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	}
	var out []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
