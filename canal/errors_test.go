package canal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	driver "github.com/go-sql-driver/mysql"
)

func TestReason(t *testing.T) {
	dump := func(message string) error {
		return fmt.Errorf("read: %w", &mysql.MyError{Code: 1236, State: "HY000", Message: message})
	}
	for _, c := range []struct {
		err   error
		why   string
		fatal error
	}{
		{errors.New("connection refused"), "connection", nil},
		{nil, "connection", nil},
		{fmt.Errorf("%w for 30s", errSilent), "connection", nil},
		{errLogOff, "server", nil},
		{&mysql.MyError{Code: 1045, State: "28000", Message: "Access denied for user 'octail'@'localhost' (using password: YES)"}, "access", nil},
		{fmt.Errorf("show master status: %w", &driver.MySQLError{Number: 1227, Message: "Access denied; you need (at least one of) the BINLOG MONITOR privilege(s)"}), "access", nil},
		{fmt.Errorf("ask: %w", &driver.MySQLError{Number: 1053, Message: "Server shutdown in progress"}), "server", nil},
		{&mysql.MyError{Code: 4052, Message: "A slave with the same server_uuid/server_id as this slave has connected to the master"}, "twin", nil},
		{dump("A slave with the same server_uuid/server_id as this slave has connected to the master"), "twin", nil},
		{dump("Could not find first log file name in binary log index file"), "purged", ErrPurged},
		{dump("Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere"), "purged", ErrPurged},
		{dump("Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and required binlog files have been purged."), "purged", ErrPurged},
		{dump("Replica has more GTIDs than the source has, using the source's SERVER_UUID"), "diverged", ErrDiverged},
		{dump("Error: connecting slave requested to start from GTID 0-1-99999, which is not in the master's binlog"), "diverged", ErrDiverged},
		{dump("Client requested source to start replication from position > file size"), "diverged", ErrDiverged},
		{dump("Client requested master to start replication from impossible position"), "diverged", ErrDiverged},
		{dump("binlog truncated in the middle of event; consider out of disk space on master"), "diverged", ErrDiverged},
		{dump("something new"), "diverged", ErrDiverged},
		{dump("Binary log is not open"), "server", nil},
		{dump("Misconfigured master - server id was not set"), "server", nil},
		{dump("log event entry exceeded max_allowed_packet; Increase max_allowed_packet on master"), "diverged", ErrDiverged},
		{fmt.Errorf("%w: switched off for a while", ErrPurged), "purged", ErrPurged},
		{fmt.Errorf("%w: another server", ErrDiverged), "diverged", ErrDiverged},
	} {
		why, fatal := reason(c.err)
		if why != c.why || !errors.Is(fatal, c.fatal) || (fatal == nil) != (c.fatal == nil) {
			t.Errorf("%v: %s, %v; want %s, %v", c.err, why, fatal, c.why, c.fatal)
		}
		if code, _, message := answer(c.err); fatal != nil && code != 0 && !strings.Contains(fatal.Error(), message) {
			t.Errorf("%q does not say what the server says", fatal)
		}
	}
}

func TestPlain(t *testing.T) {
	row := &replication.EventError{Header: &replication.EventHeader{EventType: replication.WRITE_ROWS_EVENTv2, LogPos: 1234}, Err: "parse " + secret, Data: []byte(secret)}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, "the server ended the stream"},
		{fmt.Errorf("handshake: %w", &mysql.MyError{Code: 1045, State: "28000", Message: "Access denied"}), "error 1045 (28000): Access denied"},
		{fmt.Errorf("show: %w", &driver.MySQLError{Number: 1227, SQLState: [5]byte{'4', '2', '0', '0', '0'}, Message: "Access denied"}), "error 1227 (42000): Access denied"},
		{fmt.Errorf("read: %w", row), "WriteRowsEventV2 event that ends at 1234 could not be decoded"},
		{fmt.Errorf("panic runtime error: index out of range\nstack: goroutine 7 %s", secret), "panic runtime error: index out of range"},
		{errSilent, "no sign of life from the database server"},
	} {
		if got := plain(c.err); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
