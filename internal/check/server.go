package check

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"syscall"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shop"
)

const errUnknownVariable = 1193

// variables reads the server's settings. Those that an older server does not
// have are simply absent.
func variables(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := canal.Show(ctx, db, "SHOW GLOBAL VARIABLES")
	if err != nil {
		return nil, err
	}
	m := make(map[string]string, len(rows))
	for _, r := range rows {
		m[strings.ToLower(r["Variable_name"])] = r["Value"]
	}
	return m, nil
}

// set is the SQL that changes settings of the server for good.
func (c *checker) set(settings ...Setting) string {
	var lines []string
	for _, s := range settings {
		lines = append(lines, s.SQL(c.report.Server))
		if !persists(c.report.Server) {
			lines = append(lines, "-- and in the server's option file below [mysqld], so that it stays: "+s.Line())
		}
	}
	return strings.Join(lines, "\n")
}

// options are lines for the server's option file, which it reads at its start.
func (c *checker) options(settings ...Setting) string {
	text := "# in the server's option file, for example " + OptionFile(c.report.Server.Flavor) + ":\n[mysqld]\n"
	for _, s := range settings {
		text += s.Line() + "\n"
	}
	return text + "# then: systemctl restart " + Service(c.report.Server.Flavor)
}

// with is a setting with what the server has instead.
func (c *checker) with(name, value string) Setting {
	return Setting{Name: name, Value: value, Now: c.variables[name]}
}

func on(value string) bool { return strings.EqualFold(value, "ON") || value == "1" }

func (c *checker) binlog(context.Context) error {
	if c.binlogOn = on(c.variables["log_bin"]); c.binlogOn {
		c.ok("binlog", "the binary log is on")
		return nil
	}
	settings := Needed(c.report.Server, c.variables["server_id"])
	c.setting(Error, "binlog", c.options(settings...), settings, "the binary log of the database server is off, so octail cannot see what changes in the shop")
	return nil
}

// openKeep: a session has its own copy of these settings.
const openKeep = "\n-- connections that are open keep the old value: restart PHP-FPM or the web server, and any daemon that writes to the shop"

func (c *checker) format(context.Context) error {
	value, known := c.variables["binlog_format"]
	if !known || strings.EqualFold(value, "ROW") {
		c.ok("format", "the binary log holds rows")
		return nil
	}
	row := c.with("binlog_format", "ROW")
	c.setting(Error, "format", c.set(row)+openKeep, []Setting{row},
		"binlog_format is %s: the binary log holds statements, from which octail cannot tell what changed", value)
	return nil
}

func (c *checker) image(context.Context) error {
	value, known := c.variables["binlog_row_image"]
	if !known || strings.EqualFold(value, "FULL") {
		c.ok("image", "the binary log holds whole rows")
		return nil
	}
	level := Error
	if c.essential { // nothing is missed by it: octail compares more than it would have to
		level = Warning
	}
	full := c.with("binlog_row_image", "FULL")
	c.setting(level, "image", c.set(full)+openKeep, []Setting{full},
		"binlog_row_image is %s: rows lack columns in the binary log, so octail has to compare whole tables again and again", value)
	return nil
}

func (c *checker) metadata(context.Context) error {
	value, known := c.variables["binlog_row_metadata"]
	switch {
	case !known:
		c.ok("metadata", "this server cannot write column names into its binary log; octail matches the columns by their types")
	case strings.EqualFold(value, "FULL"):
		c.ok("metadata", "the binary log names its columns")
	default:
		full := c.with("binlog_row_metadata", "FULL")
		c.setting(Warning, "metadata", c.set(full), []Setting{full},
			"binlog_row_metadata is %s: the binary log does not name its columns, so after a change of the shop's tables octail may have to compare everything", value)
	}
	return nil
}

func (c *checker) partialJSON(context.Context) error {
	value := c.variables["binlog_row_value_options"]
	if value == "" {
		c.ok("partial-json", "the binary log holds whole values")
		return nil
	}
	whole := c.with("binlog_row_value_options", "''")
	c.setting(Error, "partial-json", c.set(whole)+openKeep, []Setting{whole},
		"binlog_row_value_options is %s: changes of JSON columns are written in part only, which octail cannot read", value)
	return nil
}

func (c *checker) gtid(context.Context) error {
	if c.report.Server.GTID {
		c.ok("gtid", "the server numbers its transactions (GTID)")
		return nil
	}
	c.warn("gtid", "# Nothing has to be done. To use GTIDs, plan it with whoever runs the server: gtid_mode goes to ON in four steps,\n"+
		"# and enforce_gtid_consistency then refuses some statements (CREATE TABLE ... SELECT, transactions over InnoDB and MyISAM tables).\n"+
		"# Begin with: SET GLOBAL enforce_gtid_consistency = WARN; and read the server's log for some days.",
		"gtid_mode is %s: octail confirms each read by a second one, and after a fail-over to another server it compares everything again", c.variables["gtid_mode"])
	return nil
}

func (c *checker) serverID(ctx context.Context) error {
	theirs := c.report.Server.ServerID
	if theirs == 0 {
		one := c.with("server_id", "1")
		c.setting(Error, "server-id", c.set(one), []Setting{one}, "server_id of the database server is 0, with which it lets nobody read its binary log")
		return nil
	}
	ours := c.settings().ServerID
	if ours == 0 && c.Journal != nil {
		text, err := c.Journal.Meta(ctx, "server_id")
		if err != nil {
			return err
		}
		n, _ := strconv.ParseUint(text, 10, 32) // what is no number is derived anew
		if ours = uint32(n); ours == theirs {
			ours = 0
		}
	}
	if ours == theirs {
		c.fail("server-id", c.line("mysql", "server_id: "+strconv.FormatUint(uint64(scratchID(theirs)), 10)),
			"shop.mysql.server_id is %d, which is the database server's own id", ours)
		return nil
	}
	if ours != 0 && !c.essential {
		if host := c.twin(ctx, ours); host != "" {
			c.warn("server-id", c.line("mysql", "server_id: "+strconv.FormatUint(uint64(scratchID(theirs)), 10)),
				"another client (%s) reads the binary log with octail's server id %d: the two will throw each other out", host, ours)
			return nil
		}
	}
	c.ok("server-id", "octail's id as a replication client is no other's")
	return nil
}

// twin finds who else reads the binary log under our id. It knows nothing while
// our own agent runs, and where the list is not for us to see.
func (c *checker) twin(ctx context.Context, ours uint32) string {
	if running(c.Config.Journal.Path) {
		return ""
	}
	query := "SHOW SLAVE HOSTS"
	if c.is(canal.MySQL) && c.report.Server.AtLeast(8, 1) {
		query = "SHOW REPLICAS"
	}
	rows, err := canal.Show(ctx, c.db, query)
	if err != nil {
		return ""
	}
	for _, r := range rows {
		for column, value := range r {
			if strings.EqualFold(column, "Server_id") && value == strconv.FormatUint(uint64(ours), 10) {
				if host := r["Host"]; host != "" {
					return host
				}
				return "of unknown name"
			}
		}
	}
	return ""
}

// running reports whether the process that locked a journal last is alive.
func running(journalPath string) bool {
	pid, err := strconv.Atoi(journal.Owner(journalPath + ".lock"))
	if err != nil || pid <= 0 {
		return false
	}
	err = syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}

// keepAtLeast is how long a weekend with a broken agent lasts.
const keepAtLeast = 72 * time.Hour

func (c *checker) retention(context.Context) error {
	keep := c.keep()
	if keep == 0 || keep >= keepAtLeast {
		if keep == 0 {
			c.ok("retention", "the server keeps its binary log for ever")
		} else {
			c.ok("retention", "the server keeps its binary log for %s", human(keep))
		}
		return nil
	}
	week := c.with("binlog_expire_logs_seconds", "604800")
	if _, known := c.variables["binlog_expire_logs_seconds"]; !known {
		week = c.with("expire_logs_days", "7")
	}
	c.setting(Warning, "retention", c.set(week), []Setting{week}, "the server deletes its binary log after %s: when octail stands still for longer, it has to compare the whole shop again", human(keep))
	return nil
}

// keep is how long the server keeps its binlog files, 0: for ever.
func (c *checker) keep() time.Duration {
	if auto, known := c.variables["binlog_expire_logs_auto_purge"]; known && !on(auto) {
		return 0
	}
	for _, v := range []struct {
		name string
		unit time.Duration
	}{{"binlog_expire_logs_seconds", time.Second}, {"expire_logs_days", 24 * time.Hour}} {
		if n, err := strconv.ParseFloat(c.variables[v.name], 64); err == nil && n > 0 {
			return time.Duration(n * float64(v.unit))
		}
	}
	return 0
}

// human is a duration in its largest unit.
func human(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.unit {
			return count(int(d/u.unit), u.name)
		}
	}
	return count(int(d/time.Second), "second")
}

func (c *checker) durability(context.Context) error {
	var settings []Setting
	var values []string
	for _, name := range []string{"sync_binlog", "innodb_flush_log_at_trx_commit"} {
		if value, known := c.variables[name]; known && value != "1" {
			settings = append(settings, c.with(name, "1"))
			values = append(values, name+" is "+value)
		}
	}
	if len(values) == 0 {
		c.ok("durability", "what the binary log says survives a power cut")
		return nil
	}
	c.setting(Warning, "durability", c.set(settings...)+"\n-- each order then waits for the disk, some milliseconds", settings,
		"%s: after a power cut the server may have lost orders that octail has delivered", strings.Join(values, " and "))
	return nil
}

func (c *checker) filters(context.Context) error {
	database := c.settings().Database
	same := func(a string) bool { return a == database }
	if c.report.Server.FoldsNames {
		same = func(a string) bool { return strings.EqualFold(a, database) }
	}
	only, without := list(c.logStatus["Binlog_Do_DB"]), list(c.logStatus["Binlog_Ignore_DB"])
	for _, d := range without {
		if same(d) {
			c.fail("filters", "# in the server's option files (grep -rn binlog /etc/mysql /etc/my.cnf*) remove the line\nbinlog_ignore_db = "+d+"\n# then restart the server",
				"the server keeps the database %q out of its binary log (binlog_ignore_db)", database)
			return nil
		}
	}
	for _, d := range only {
		if same(d) {
			only = nil
			break
		}
	}
	if len(only) > 0 {
		c.fail("filters", c.options(Setting{Name: "binlog_do_db", Value: database + "   # or remove all lines with binlog_do_db"}),
			"the server writes only the databases %s into its binary log (binlog_do_db), not %q", strings.Join(only, ", "), database)
		return nil
	}
	c.ok("filters", "no filter keeps the shop out of the binary log")
	return nil
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// replica looks for a server that copies another one and does not log what it
// copies. Where octail may not ask for that, nothing is said.
func (c *checker) replica(ctx context.Context) error {
	logs, known := c.variables["log_slave_updates"]
	if newer, ok := c.variables["log_replica_updates"]; ok {
		logs, known = newer, true
	}
	if !known || on(logs) {
		return nil
	}
	query := "SHOW ALL SLAVES STATUS"
	switch {
	case c.is(canal.MySQL) && c.report.Server.AtLeast(8, 1):
		query = "SHOW REPLICA STATUS"
	case c.is(canal.MySQL):
		query = "SHOW SLAVE STATUS"
	}
	rows, err := canal.Show(ctx, c.db, query)
	if err != nil {
		if shop.Classify(err) == shop.Unreachable {
			return asked("ask for replication", err)
		}
		return nil
	}
	if len(rows) == 0 {
		return nil
	}
	source := rows[0]["Master_Host"] + rows[0]["Source_Host"]
	own := c.with("log_slave_updates", "ON")
	c.setting(Error, "replica", c.options(own)+"\n# or let octail read from the server "+source, []Setting{own},
		"this server is a replica of %s and does not log what it copies, so octail would see nothing", source)
	return nil
}
