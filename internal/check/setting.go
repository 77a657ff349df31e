package check

import (
	"fmt"
	"strings"

	"octail/canal"
)

// Setting is one of the database server's, with the value that octail needs.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Now   string `json:"now,omitempty"` // what the server has; "" where it was not asked
}

// Line is the setting as a line below [mysqld] in an option file.
func (s Setting) Line() string { return s.Name + " = " + strings.Trim(s.Value, "'") }

// SQL sets it on a running server, on MySQL 8 and later for good.
func (s Setting) SQL(server canal.Server) string {
	if persists(server) {
		return fmt.Sprintf("SET PERSIST %s = %s;", s.Name, s.Value)
	}
	return fmt.Sprintf("SET GLOBAL %s = %s;", s.Name, s.Value)
}

// AtStart tells whether the server takes the setting from its option file alone.
func (s Setting) AtStart() bool {
	switch s.Name {
	case "log_bin", "log_slave_updates":
		return true
	}
	return false
}

func persists(s canal.Server) bool { return s.Flavor == canal.MySQL && s.AtLeast(8, 0) }

// Needed are the settings of a server that has none of them yet: what is to be
// written when the binary log is off, or when nobody can ask the server. id is its
// server_id, as far as it is known. Without a flavor it is what both understand.
func Needed(server canal.Server, id string) []Setting {
	if id == "" || id == "0" {
		id = "1"
	}
	log := Setting{Name: "log_bin", Value: "mysql-bin"}
	if server.Flavor == canal.MySQL && server.AtLeast(8, 0) { // all else is as it should be by default
		log.Value = "binlog   # and remove skip-log-bin and disable-log-bin, wherever they stand"
		return []Setting{log, {Name: "binlog_row_metadata", Value: "FULL"}}
	}
	out := []Setting{log, {Name: "server_id", Value: id}, {Name: "binlog_format", Value: "ROW"}, {Name: "binlog_row_image", Value: "FULL"}}
	loose := "" // with it a server that does not know the setting starts all the same
	if server.Flavor == "" {
		loose = "loose_"
	}
	if server.Flavor == "" || server.Flavor == canal.MariaDB && server.AtLeast(10, 5) {
		out = append(out, Setting{Name: loose + "binlog_row_metadata", Value: "FULL"})
	}
	return append(out, Setting{Name: loose + "expire_logs_days", Value: "7"}, Setting{Name: "sync_binlog", Value: "1"})
}

// OptionFile is where Debian's packages look for settings of our own.
func OptionFile(flavor string) string {
	if flavor == canal.MySQL {
		return "/etc/mysql/mysql.conf.d/octail.cnf"
	}
	return "/etc/mysql/mariadb.conf.d/90-octail.cnf"
}

// Service is the server's name for systemctl.
func Service(flavor string) string {
	if flavor == canal.MySQL {
		return "mysql"
	}
	return "mariadb"
}
