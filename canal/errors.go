package canal

import (
	"errors"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Errors that reconnecting cannot cure: Run returns them at once, wrapped with
// the server's answer. The position asked for is not, or no longer, in the log.
var (
	// ErrPurged: the server has deleted binlog files we still needed.
	ErrPurged = errors.New("the binlog behind the stored position was purged")
	// ErrDiverged: the server does not know transactions we have read: it lost
	// them in a crash, was restored from a backup, or is another server.
	ErrDiverged = errors.New("the server's binlog does not contain the stored position")
	// ErrTwins: another replication client with our server id keeps taking the
	// stream away.
	ErrTwins = errors.New("another replication client uses the same server id")
)

// reason sorts a stream error into the closed list of
// octail_source_reconnects_total, and finds the sentinel for those that
// reconnecting cannot cure. Messages are those of MySQL 9.7 and MariaDB 10.5 to
// 11.8; an unknown 1236 is taken for a diverged log, never retried for ever.
func reason(err error) (string, error) {
	var e *mysql.MyError
	if !errors.As(err, &e) {
		return "connection", nil
	}
	m := e.Message
	switch e.Code {
	case 1045, 1044, 1142, 1227, 1698, 3118, 3159: // 1045 is also the answer to a missing REPLICATION SLAVE
		return "access", nil
	case 4052:
		return "twin", nil
	case 1236:
		switch {
		case strings.Contains(m, "Could not find first log file name"),
			strings.Contains(m, "purged required binary logs"),
			strings.Contains(m, "Could not find GTID state requested"):
			return "purged", ErrPurged
		case strings.Contains(m, "same server_uuid/server_id"):
			return "twin", nil
		case strings.Contains(m, "max_allowed_packet"), strings.Contains(m, "network"):
			return "connection", nil
		}
		return "diverged", ErrDiverged
	}
	return "server", nil
}
