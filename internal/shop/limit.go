package shop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"octail/canal"
)

// lockWithin bounds the wait behind an ALTER TABLE or LOCK TABLES of the shop: the
// servers' own bounds are a day and a year.
const lockWithin = 10 * time.Second

// errUnknownVariable: MariaDB before 10.1 and MySQL before 5.7.8 cannot bound a
// statement.
const errUnknownVariable = 1193

// limit bounds every statement of a session. A narrower bound that the server or the
// account already has stays. Doing it again changes nothing.
func (s *Shop) limit(ctx context.Context, conn *sql.Conn) error {
	n := int(s.StatementWithin / time.Second)
	if n <= 0 {
		return nil
	}
	// MySQL wants an integer, which LEAST of a variable and a number is not.
	lock := fmt.Sprintf("SET SESSION lock_wait_timeout = CAST(LEAST(@@lock_wait_timeout, %d) AS UNSIGNED)", min(n, int(lockWithin/time.Second)))
	if _, err := conn.ExecContext(ctx, lock); err != nil {
		return err
	}
	statement := fmt.Sprintf("SET SESSION max_statement_time = IF(@@max_statement_time > 0, LEAST(@@max_statement_time, %[1]d), %[1]d)", n)
	if s.server.Load().Flavor == canal.MySQL { // in milliseconds, and of SELECTs only
		statement = fmt.Sprintf("SET SESSION max_execution_time = CAST(IF(@@max_execution_time > 0, LEAST(@@max_execution_time, %[1]d), %[1]d) AS UNSIGNED)", n*1000)
	}
	_, err := conn.ExecContext(ctx, statement)
	var e *mysql.MySQLError
	if errors.As(err, &e) && e.Number == errUnknownVariable {
		return nil
	}
	return err
}
