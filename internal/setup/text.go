package setup

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/shop"
)

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quoted is a word for the shell.
func quoted(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Text writes what is left to do, to be pasted as it stands.
func (r *Result) Text(w io.Writer) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Written: %s", r.Config)
	tables := "tables " + r.TablePrefix + "*"
	if r.TablePrefix == "" {
		tables = "tables without a prefix"
	}
	line("  shop %s, database %s, %s, at %s", r.Shop, r.Database, tables, r.Address)
	what := "the server was not asked"
	if r.server.Flavor != "" {
		what = map[string]string{canal.MySQL: "MySQL ", canal.MariaDB: "MariaDB "}[r.server.Flavor] + strings.SplitN(r.Server, "-", 2)[0]
	}
	if r.OpenCart != "" {
		what += ", OpenCart " + r.OpenCart
	}
	line("  %s; events go to %s", what, r.events)
	switch {
	case r.PasswordMade:
		line("Written: %s, a new password for octail's database user", r.PasswordFile)
	case r.PasswordFile != "":
		line("Kept: the password in %s", r.PasswordFile)
	}
	for _, n := range r.Notes {
		line("! %s", n)
	}
	for _, f := range r.Findings {
		line("✗ %s", f.Message)
		for l := range strings.SplitSeq(f.Remedy, "\n") {
			line("      %s", l)
		}
	}
	line("\n1. A database user for octail, that may read the shop and follow the binary log. Paste into a shell:\n")
	r.sql(line)
	line("\n   (REPLICATION SLAVE is a right on the whole server: its holder can follow the changes of every database.)")
	line("")
	r.settings(line)
	line("\n3. Then:\n")
	for _, n := range r.Next {
		line("%s", n)
	}
	_, _ = io.WriteString(w, b.String()) // nobody to tell
}

// local tells whether the server runs on this machine.
func (r *Result) local() bool { return shop.IsLocal(r.Address) }

// client is the command of the server's administrator.
func (r *Result) client() string {
	program := "mysql"
	if slices.Contains(r.machine.Clients, "mariadb") && (r.server.Flavor == canal.MariaDB || !slices.Contains(r.machine.Clients, "mysql")) {
		program = "mariadb"
	}
	if path, ok := strings.CutPrefix(r.Address, "unix:"); ok {
		command := r.machine.Sudo + program
		if path != Sockets[0] && path != Sockets[1] {
			command += " --socket=" + quoted(path)
		}
		return command
	}
	host, port, _ := net.SplitHostPort(r.Address)
	if r.local() && port == "3306" {
		return r.machine.Sudo + program
	}
	return program + " -h " + quoted(host) + " -P " + port + " -u root -p"
}

// sql writes the statements as input of the client. The password comes from its
// file: it is on no screen and in no history.
func (r *Result) sql(line func(string, ...any)) {
	text := strings.Join(r.SQL, "\n")
	if r.PasswordFile == "" {
		line("%s <<'SQL'\n%s\nSQL", r.client(), text)
		return
	}
	text = strings.NewReplacer(`\`, `\\`, "`", "\\`", "$", `\$`).Replace(text)
	text = strings.ReplaceAll(text, passwordMark, "$("+r.machine.Sudo+"cat "+quoted(r.PasswordFile)+")")
	line("%s <<SQL\n%s\nSQL", r.client(), text)
	if r.local() && strings.HasSuffix(r.client(), " -p") && r.server.Flavor != canal.MySQL {
		line("\n   (Where root has no password, as on Debian's MariaDB, it comes in by the server's socket alone: %smariadb --socket=...\n   in place of the first line.)", r.machine.Sudo)
	}
	if !r.local() {
		line("\n   (Name the administrator of that server instead of root. Without a shell, in phpMyAdmin for example: the SQL\n   alone, without \\ and with the password that %s holds.)", r.PasswordFile)
	}
}

// settings writes what the server lacks.
func (r *Result) settings(line func(string, ...any)) {
	if len(r.Settings) == 0 {
		line("2. The database server: nothing is missing.")
		return
	}
	if r.Looked {
		line("2. The database server: these settings are missing.")
	} else {
		line("2. The database server was not asked for its settings: %s.\n   These are all that octail needs; `octail check` names those that are missing.", r.Why)
	}
	var running []check.Setting
	restart := !r.Looked
	for _, s := range r.Settings {
		restart = restart || s.AtStart()
	}
	if !restart {
		running = r.Settings
	}
	persistent := !restart && r.server.Flavor == canal.MySQL && r.server.AtLeast(8, 0)
	if !persistent {
		line("")
		r.options(line)
	}
	if restart {
		service := check.Service(r.server.Flavor)
		if r.server.Flavor == "" {
			service = "mariadb || " + r.machine.Sudo + "systemctl restart mysql"
		}
		if r.local() {
			line("%ssystemctl restart %s   # the shop is without its database for some seconds", r.machine.Sudo, service)
		} else {
			line("\n   and restart it.")
		}
		return
	}
	line("\n%s <<'SQL'", r.client())
	for _, s := range running {
		line("%s", s.SQL(r.server))
	}
	line("SQL")
	line("\n   (Connections that are open keep the old values: restart daemons that write to the shop.)")
}

// options writes the lines of the option file.
func (r *Result) options(line func(string, ...any)) {
	folder := ""
	wanted := filepath.Dir(check.OptionFile(r.server.Flavor))
	for _, f := range r.machine.OptionFolders {
		if folder == "" || f == wanted {
			folder = f
		}
	}
	if !r.local() || folder == "" {
		line("   in the server's option file:\n")
	} else {
		line("%stee %s >/dev/null <<'CNF'", r.machine.Sudo, filepath.Join(folder, filepath.Base(check.OptionFile(r.server.Flavor))))
	}
	line("[mysqld]")
	for _, s := range r.Settings {
		text := s.Line()
		if s.Now != "" && !strings.Contains(text, "#") {
			text += "   # now " + s.Now
		}
		line("%s", text)
	}
	if r.local() && folder != "" {
		line("CNF")
	}
}
