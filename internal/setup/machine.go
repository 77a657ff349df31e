package setup

import (
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strings"
)

// Here looks at this machine.
func Here() Machine {
	m := Machine{}
	for _, path := range Sockets {
		if info, err := os.Stat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
			m.Sockets = append(m.Sockets, path)
		}
	}
	if u, err := user.Current(); err == nil {
		m.User = u.Username
	}
	if os.Geteuid() != 0 || os.Getenv("SUDO_USER") != "" {
		m.Sudo = "sudo "
	}
	if info, err := os.Stat("/run/systemd/system"); err == nil {
		m.Systemd = info.IsDir()
	}
	for _, name := range []string{"mariadb", "mysql"} {
		if _, err := exec.LookPath(name); err == nil {
			m.Clients = append(m.Clients, name)
		}
	}
	for _, folder := range []string{"/etc/mysql/mariadb.conf.d", "/etc/mysql/mysql.conf.d", "/etc/mysql/conf.d", "/etc/my.cnf.d"} {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			m.OptionFolders = append(m.OptionFolders, folder)
		}
	}
	if zone, err := os.Readlink("/etc/localtime"); err == nil {
		_, m.Zone, _ = strings.Cut(zone, "/zoneinfo/")
	}
	return m
}
