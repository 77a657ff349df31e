package canal

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Flavors of servers.
const (
	MySQL   = "mysql"
	MariaDB = "mariadb"
)

// Server is what a server says of itself.
type Server struct {
	Flavor  string // MySQL or MariaDB
	Version string // e.g. 10.11.14-MariaDB-0+deb12u2
	// Identity tells this server from others: the server_uuid on MySQL; on
	// MariaDB, which has none, the server id. File and offset mean something
	// on the server of that identity only.
	Identity string
	ServerID uint32
	GTID     bool // positions carry a GTID set
	// FoldsNames: names of databases and tables mean the same in any case
	// (lower_case_table_names other than 0).
	FoldsNames bool
}

// Inspect asks db who it is. It needs no privilege.
func Inspect(ctx context.Context, db *sql.DB) (Server, error) {
	var s Server
	var id, folds int64
	if err := db.QueryRowContext(ctx, "SELECT VERSION(), @@server_id, @@lower_case_table_names").Scan(&s.Version, &id, &folds); err != nil {
		return s, fmt.Errorf("ask the server for its version: %w", err)
	}
	s.ServerID, s.FoldsNames = uint32(id), folds != 0
	if strings.Contains(strings.ToLower(s.Version), "mariadb") {
		s.Flavor, s.GTID = MariaDB, true
		s.Identity = "mariadb/" + strconv.FormatInt(id, 10)
		return s, nil
	}
	s.Flavor = MySQL
	var uuid, mode string
	if err := db.QueryRowContext(ctx, "SELECT @@server_uuid, @@global.gtid_mode").Scan(&uuid, &mode); err != nil {
		return s, fmt.Errorf("ask the server for its identity: %w", err)
	}
	s.Identity, s.GTID = "mysql/"+uuid, mode == "ON"
	return s, nil
}

// AtLeast reports whether the server's version is major.minor or later.
func (s Server) AtLeast(major, minor int) bool {
	parts := strings.SplitN(s.Version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, _ := strconv.Atoi(parts[0])
	b, _ := strconv.Atoi(parts[1])
	return a > major || a == major && b >= minor
}

// Here is the server's present position: all that was committed before the call
// is before it. It needs BINLOG MONITOR (MariaDB) or REPLICATION CLIENT.
func Here(ctx context.Context, db *sql.DB, s Server) (Position, error) {
	// The GTID set is read before and after: it belongs to the place in the file when
	// nothing was committed in between. On a server that never rests the older one
	// counts: starting earlier is the safe side.
	var p Position
	gtids, err := executed(ctx, db, s)
	if err != nil {
		return p, err
	}
	for range hereTries {
		p.GTID = gtids
		row, err := LogStatus(ctx, db, s)
		if err != nil {
			return p, err
		}
		p.File = row["File"]
		p.Offset, _ = strconv.ParseUint(row["Position"], 10, 64)
		if gtids, err = executed(ctx, db, s); err != nil {
			return p, err
		}
		if gtids == p.GTID {
			break
		}
	}
	return p, nil
}

// hereTries bounds how often Here looks at a server that commits all the time.
const hereTries = 20

// executed is the GTID set of all that a server has logged; "" where it has none.
func executed(ctx context.Context, db *sql.DB, s Server) (set string, err error) {
	query := "SELECT @@global.gtid_executed"
	switch {
	case s.Flavor == MariaDB:
		query = "SELECT @@global.gtid_binlog_pos"
	case !s.GTID:
		return "", nil
	}
	if err := db.QueryRowContext(ctx, query).Scan(&set); err != nil {
		return "", fmt.Errorf("ask for the GTID position: %w", err)
	}
	return strings.ReplaceAll(set, "\n", ""), nil
}

// Querier is a pool of connections, or one of them.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// LogStatus is the row of SHOW MASTER STATUS (SHOW BINARY LOG STATUS since
// MySQL 8.2): File, Position, Binlog_Do_DB, Binlog_Ignore_DB. Empty when the
// binary log is off.
func LogStatus(ctx context.Context, db Querier, s Server) (map[string]string, error) {
	query := "SHOW MASTER STATUS"
	if s.Flavor == MySQL && s.AtLeast(8, 2) {
		query = "SHOW BINARY LOG STATUS"
	}
	rows, err := Show(ctx, db, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.ToLower(query), err)
	}
	if len(rows) == 0 {
		return map[string]string{}, nil
	}
	return rows[0], nil
}

// LogFile is one binlog file on the server.
type LogFile struct {
	Name string
	Size uint64
}

// LogFiles lists the server's binlog files, oldest first.
func LogFiles(ctx context.Context, db *sql.DB) ([]LogFile, error) {
	rows, err := Show(ctx, db, "SHOW BINARY LOGS")
	if err != nil {
		return nil, fmt.Errorf("show binary logs: %w", err)
	}
	files := make([]LogFile, 0, len(rows))
	for _, r := range rows {
		size, _ := strconv.ParseUint(r["File_size"], 10, 64)
		files = append(files, LogFile{r["Log_name"], size})
	}
	return files, nil
}

// Show runs a SHOW statement and returns its rows by column name.
func Show(ctx context.Context, db Querier, query string) ([]map[string]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []map[string]string
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		row := make(map[string]string, len(names))
		for i, n := range names {
			row[n] = values[i].String
		}
		out = append(out, row)
	}
	return out, rows.Err()
}
