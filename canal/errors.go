package canal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	driver "github.com/go-sql-driver/mysql"
)

// Errors that reconnecting cannot cure: Run returns them at once, wrapped with
// the server's answer. The position asked for is not, or no longer, in the log.
var (
	// ErrPurged: the log has a hole behind the stored position. The server has
	// deleted binlog files we still needed, or wrote no log for a while.
	ErrPurged = errors.New("the binlog behind the stored position was purged")
	// ErrDiverged: the server does not know transactions we have read: it lost
	// them in a crash, was restored from a backup, began its log anew, or is
	// another server.
	ErrDiverged = errors.New("the server's binlog does not contain the stored position")
	// ErrTwins: another replication client with our server id keeps taking the
	// stream away.
	ErrTwins = errors.New("another replication client uses the same server id")
)

// errSilent ends a session whose server gave no sign of life.
var errSilent = errors.New("no sign of life from the database server")

// errDeaf ends a session whose server sends heartbeats, but not what it logs.
var errDeaf = errors.New("the server's log goes on, but is not sent")

// errLogOff ends a session with a server that writes no log.
var errLogOff = errors.New("the server's binary log is switched off (log_bin)")

// handlerError is an error of the Handler, as against one of the stream.
type handlerError struct{ error }

func (e handlerError) Unwrap() error { return e.error }

// reason sorts the error that ended a session into the closed list of
// octail_source_reconnects_total. fatal is what Run returns when reconnecting
// cannot cure it. Messages are those of MySQL 9.7 and MariaDB 10.5 to 11.8; an
// unknown 1236 is taken for a diverged log, never retried for ever.
func reason(err error) (why string, fatal error) {
	switch {
	case errors.Is(err, ErrPurged):
		return "purged", err
	case errors.Is(err, ErrDiverged):
		return "diverged", err
	case errors.Is(err, errLogOff):
		return "server", nil
	}
	code, _, message := answer(err)
	switch code {
	case 0:
		return "connection", nil
	case 1045, 1044, 1142, 1227, 1698, 3118, 3159: // 1045 is also the answer to a missing REPLICATION SLAVE
		return "access", nil
	case 4052:
		return "twin", nil
	case 1236: // all that goes wrong with a dump has this number
		has := func(part string) bool { return strings.Contains(message, part) }
		switch {
		case has("Could not find first log file name"), has("purged required binary logs"), has("Could not find GTID state requested"):
			return "purged", fmt.Errorf("%w (the server says: %s)", ErrPurged, plain(err))
		case has("same server_uuid/server_id"):
			return "twin", nil
		case has("Binary log is not open"), has("server_id was not set"), has("server id was not set"):
			return "server", nil // the operator's to mend, then it goes on
		case has("network"):
			return "connection", nil
		}
		return "diverged", fmt.Errorf("%w (the server says: %s)", ErrDiverged, plain(err))
	}
	return "server", nil
}

// answer finds the server's own words in an error, of the stream or of the pool.
// Code 0: it is no answer of the server.
func answer(err error) (code uint16, state, message string) {
	var stream *mysql.MyError
	if errors.As(err, &stream) {
		return stream.Code, stream.State, stream.Message
	}
	var pool *driver.MySQLError
	if errors.As(err, &pool) {
		return pool.Number, string(pool.SQLState[:]), pool.Message
	}
	return 0, "", ""
}

// plain is an error in one line, for logs and Status. The library's stack traces
// are cut off, and of its decoding errors, which hold row data, only the place is
// kept.
func plain(err error) string {
	if err == nil {
		return "the server ended the stream"
	}
	if code, state, message := answer(err); code != 0 {
		return fmt.Sprintf("error %d (%s): %s", code, state, message)
	}
	var undecoded *replication.EventError
	if errors.As(err, &undecoded) {
		return fmt.Sprintf("%s event that ends at %d could not be decoded", undecoded.Header.EventType, undecoded.Header.LogPos)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// hint says what to do about a reason, where there is something to do.
func hint(why string) string {
	switch why {
	case "access":
		return "check user, password and TLS; the user needs: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.*"
	case "twin":
		return "give shop.mysql.server_id another value, or stop the other client"
	}
	return ""
}
