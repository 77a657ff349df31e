package check

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"

	"octail/internal/config"
)

// writable are the folders that the systemd unit lets octail write to.
var writable = []string{"/var/lib/octail", "/var/log/octail", "/run/octail"}

// hidden are folders that the unit shows octail empty, or in a form of its own.
var hidden = []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"}

// dropIns are where a machine's own additions to the unit are. A variable for tests.
var dropIns = "/etc/systemd/system/octail.service.d/*.conf"

// service looks for paths that octail's user may use and the service may not: its
// unit shuts it in.
func (c *checker) service(context.Context) error {
	if !c.Service {
		return nil
	}
	opened := openedPaths()
	files := []struct{ what, path string }{{"journal.path", c.Config.Journal.Path}, {"http.socket", c.Config.HTTP.Socket}}
	for _, s := range c.Config.Sinks {
		if settings, ok := s.Settings.(config.Exclusive); ok && settings.File() != "" {
			files = append(files, struct{ what, path string }{"the sink " + s.Name, settings.File()})
		}
	}
	good := true
	for _, f := range files {
		dir := filepath.Dir(f.path)
		if f.path == "" || inside(dir, writable) || inside(dir, opened) {
			continue
		}
		good = false
		remedy := "mkdir -p /etc/systemd/system/octail.service.d\nprintf '[Service]\\nReadWritePaths=%s\\n' " + dir + " > /etc/systemd/system/octail.service.d/paths.conf\nsystemctl daemon-reload"
		if inside(dir, hidden) {
			remedy = "# in " + c.configFile() + " choose a place below /var/lib/octail or /var/log/octail, or open another folder to the service (ReadWritePaths=)"
		}
		c.warn("service", remedy, "the systemd service may not write to %s (%s): its unit lets it write below %s only", f.path, f.what, strings.Join(writable[:2], " and "))
	}
	if socket, ok := strings.CutPrefix(c.settings().Address, "unix:"); ok && inside(filepath.Dir(socket), hidden) && !inside(filepath.Dir(socket), opened) {
		good = false
		c.warn("service", "# let the database server have its socket in /run/mysqld, or bind it for the service: BindPaths="+socket, "the systemd service does not see the socket %s: its unit gives it a %s of its own", socket, filepath.Dir(socket))
	}
	if good {
		c.ok("service", "the systemd service may write where the configuration says")
	}
	return nil
}

// openedPaths are what drop-ins add.
func openedPaths() []string {
	var out []string
	files, _ := filepath.Glob(dropIns) // a bad pattern would be ours
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			key, value, _ := strings.Cut(s.Text(), "=")
			if key = strings.TrimSpace(key); key == "ReadWritePaths" || key == "BindPaths" {
				for _, p := range strings.Fields(value) {
					p, _, _ = strings.Cut(strings.TrimLeft(p, "-+"), ":")
					out = append(out, filepath.Clean(p))
				}
			}
		}
		_ = f.Close()
	}
	return out
}

func inside(path string, folders []string) bool {
	for _, f := range folders {
		if path == f || strings.HasPrefix(path, strings.TrimSuffix(f, "/")+"/") {
			return true
		}
	}
	return false
}
