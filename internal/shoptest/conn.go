package shoptest

import (
	"database/sql"
	"database/sql/driver"
)

// discard closes a connection for good instead of giving it back to the pool: its
// session settings are not those of the pool, and PHP connects anew for each request
// too.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}
