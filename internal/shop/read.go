package shop

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"octail/canal"
)

// Shop reads one OpenCart installation.
type Shop struct {
	// VisibleWithin bounds the wait for a commit to become visible: milliseconds in
	// practice (facts: up to 7 ms seen). Set it before the first Read.
	VisibleWithin time.Duration
	// StatementWithin bounds one statement, on the server itself: a giving up on our
	// side alone would leave it running there. Whole seconds; 0: no bound. Set it
	// before the first Read.
	StatementWithin time.Duration

	db        *sql.DB
	server    atomic.Pointer[canal.Server]
	database  string
	prefix    string
	retaken   atomic.Int64
	sightings sightings
}

// Retaken counts the snapshots that did not hold yet what the binlog had
// announced, and were thrown away and taken again.
func (s *Shop) Retaken() int64 { return s.retaken.Load() }

// New wraps a pool made by Open. prefix is the table prefix, "" included.
func New(db *sql.DB, server canal.Server, database, prefix string) *Shop {
	s := &Shop{VisibleWithin: 5 * time.Second, StatementWithin: 30 * time.Second, db: db, database: database, prefix: prefix}
	s.server.Store(&server)
	return s
}

// Moved tells that positions are those of another server's log from here on.
func (s *Shop) Moved(server canal.Server) {
	s.server.Store(&server)
	s.Forget()
}

// ErrNotVisible: the server did not show the commits it had announced in its
// binlog within the time given. Try again later.
var ErrNotVisible = errors.New("the server does not show what its binlog announced yet")

// Reader reads inside one consistent snapshot. It is valid only during the call
// of Read that made it.
type Reader struct {
	ctx     context.Context
	conn    *sql.Conn
	shop    *Shop
	schema  *Schema
	settled bool // what Read was given stood in the log long enough ago
	bound   int  // bytes that Select may still return; negative: any number
	bytes   int  // returned so far
	// Proven: what was selected so far is not older than the position given to
	// Read. False where nothing proves it (a change of the last second in a table
	// that is not InnoDB, or on MySQL without GTIDs): then the caller reads again a
	// little later.
	Proven bool
}

// Read runs fn inside a read-only snapshot that is proven to hold everything
// committed up to after (zero: anything goes). An event can be read from the
// binlog before its transaction is visible to others, about once in a thousand
// immediate reads, on MariaDB and MySQL alike; such a snapshot is thrown away and
// taken again. fn runs at most once; its error is returned as it is.
//
// On MariaDB the snapshot carries its own binlog coordinates; on MySQL a GTID is
// in gtid_executed only after the engine's commit. Neither says anything of tables
// that are not InnoDB: a row inserted into MyISAM is shown to others when its table
// is unlocked, which is after it stands in the binlog. There, and where the server
// offers nothing else, a read is proven when the log had reached after already a
// second before it (sightings): that holds while catching up, never for what was
// written just now.
func (s *Shop) Read(ctx context.Context, after canal.Position, schema *Schema, fn func(*Reader) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the shop's database: %w", err)
	}
	ended := false
	defer func() { // also when fn panics: a snapshot left open would go back into the pool
		if !ended {
			drop(conn)
		}
		_ = conn.Close()
	}()
	if err := s.limit(ctx, conn); err != nil {
		return beginning(ctx, err)
	}
	settled := after.IsZero()
	if !settled && (!s.server.Load().GTID || !schema.transactional()) {
		if settled, err = s.settled(ctx, conn, after); err != nil {
			return beginning(ctx, err)
		}
	}
	wait, deadline := time.Millisecond, time.Now().Add(s.VisibleWithin)
	for {
		proven, visible, err := s.begin(ctx, conn, after)
		if err != nil {
			return beginning(ctx, err)
		}
		if visible {
			err := fn(&Reader{ctx: ctx, conn: conn, shop: s, schema: schema, settled: settled, bound: -1, Proven: proven || settled})
			_, end := conn.ExecContext(ctx, "COMMIT")
			ended = end == nil
			return err
		}
		s.retaken.Add(1)
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%w (within %s)", ErrNotVisible, s.VisibleWithin)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 50*time.Millisecond)
	}
}

// drop takes a connection in an unknown state out of the pool.
func drop(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }

// begin opens a snapshot, in place of the one open before. visible: it holds
// everything up to after, or no proof exists here (then proven is false).
func (s *Shop) begin(ctx context.Context, conn *sql.Conn, after canal.Position) (proven, visible bool, err error) {
	server := s.server.Load()
	byGTID := server.Flavor == canal.MySQL && after.GTID != ""
	if byGTID {
		var in bool
		if err := conn.QueryRowContext(ctx, "SELECT GTID_SUBSET(?, @@global.gtid_executed)", after.GTID).Scan(&in); err != nil || !in {
			return false, false, err
		}
	}
	for _, q := range []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return false, false, err
		}
	}
	switch {
	case after.IsZero(), byGTID:
		return true, true, nil
	case server.Flavor != canal.MariaDB || after.File == "":
		return false, true, nil
	}
	file, offset, id, err := snapshotPosition(ctx, conn)
	if err != nil {
		return false, false, err
	}
	if file == "" || id != server.ServerID { // the binary log was switched off meanwhile, or it is another server's
		return false, true, nil
	}
	ok := canal.Position{File: file, Offset: offset}.AtOrAfter(after.File, after.Offset)
	return ok, ok, nil
}

func snapshotPosition(ctx context.Context, conn *sql.Conn) (file string, offset uint64, server uint32, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT VARIABLE_NAME, VARIABLE_VALUE, @@server_id FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME LIKE 'binlog_snapshot_%'")
	if err != nil {
		return "", 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value, &server); err != nil {
			return "", 0, 0, err
		}
		switch strings.ToLower(name) {
		case "binlog_snapshot_file":
			file = value
		case "binlog_snapshot_position":
			if offset, err = strconv.ParseUint(value, 10, 64); err != nil {
				return "", 0, 0, fmt.Errorf("snapshot position %q: %w", value, err)
			}
		}
	}
	return file, offset, server, rows.Err()
}

// Schema reads the shop's present tables and columns.
func (s *Shop) Schema(ctx context.Context) (*Schema, error) {
	return ReadSchema(ctx, s.db, s.database, s.prefix)
}

// Schema is the schema in use: only columns in it are selected.
func (r *Reader) Schema() *Schema { return r.schema }

// beginning wraps an error in front of the snapshot. Of a connection that ctx has closed
// the driver only says that it is a bad one.
func beginning(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("begin reading: %w", err)
}

// Refresh reads the schema again, so that it is not older than the snapshot.
func (r *Reader) Refresh() error {
	fresh, err := ReadSchema(r.ctx, r.conn, r.shop.database, r.shop.prefix)
	if err == nil {
		r.schema = fresh
	}
	return err
}

// ErrTooMuch: what was asked for is more than the Reader may hold. Ask for less.
var ErrTooMuch = errors.New("too much to be held at once")

// Bound makes Select refuse, by ErrTooMuch, to return more than so many bytes of rows
// from here on, all calls together; a negative number: no bound. After a refusal the
// Reader cannot be used any more.
func (r *Reader) Bound(bytes int) { r.bound, r.bytes = bytes, 0 }

// Bytes is how much Select has returned since Bound.
func (r *Reader) Bytes() int { return r.bytes }

// Query is a SELECT of one table.
type Query struct {
	Table   string   // without prefix
	Columns []string // those the table does not have are left out
	Where   string   // integer column that must be one of Keys; "" = all rows
	Keys    []int64
	And     string   // further fixed condition, in this program's own words
	Order   []string // columns to sort by; those the table does not have are left out
	Limit   int
}

// Count counts the rows of a table that fulfil a condition in this program's own words.
// It is for showing progress: nothing is made of it.
func (r *Reader) Count(table, condition string) (n int64, err error) {
	if err := r.conn.QueryRowContext(r.ctx, "SELECT COUNT(*) FROM `"+r.shop.prefix+table+"` WHERE "+condition).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s: %w", r.shop.prefix+table, err)
	}
	return n, nil
}

// Highest is the highest value of an integer column, 0 for an empty table.
func (r *Reader) Highest(table, column string) (n int64, err error) {
	if err := r.conn.QueryRowContext(r.ctx, "SELECT COALESCE(MAX(`"+column+"`), 0) FROM `"+r.shop.prefix+table+"`").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the highest key of %s: %w", r.shop.prefix+table, err)
	}
	return n, nil
}

// Select runs q. A table that does not exist has no rows; no keys mean no rows. It
// refuses columns that are never read (Secret).
func (r *Reader) Select(q Query) (*Rows, error) {
	for _, c := range q.Columns {
		if Secret(q.Table, c) {
			return nil, fmt.Errorf("%s.%s is a secret of the shop and is not read", r.shop.prefix+q.Table, c)
		}
	}
	if !r.schema.Has(q.Table) || q.Where != "" && len(q.Keys) == 0 {
		return &Rows{}, nil
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	var columns []string
	for _, c := range q.Columns {
		if r.schema.Has(q.Table, c) {
			if len(columns) > 0 {
				b.WriteString(", ")
			}
			b.WriteString("`" + c + "`")
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 {
		return &Rows{}, nil
	}
	if r.schema.Engine(q.Table) != transactional && !r.settled {
		r.Proven = false
	}
	b.WriteString(" FROM `" + r.shop.prefix + q.Table + "`")
	where := " WHERE "
	if q.Where != "" {
		b.WriteString(where + "`" + q.Where + "` IN (")
		for i, k := range q.Keys {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.FormatInt(k, 10))
		}
		b.WriteByte(')')
		where = " AND "
	}
	if q.And != "" {
		b.WriteString(where + q.And)
	}
	sep := " ORDER BY "
	for _, o := range q.Order {
		if r.schema.Has(q.Table, o) {
			b.WriteString(sep + "`" + o + "`")
			sep = ", "
		}
	}
	if q.Limit > 0 {
		b.WriteString(" LIMIT " + strconv.Itoa(q.Limit))
	}
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	rows, err := r.conn.QueryContext(ctx, b.String())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.shop.prefix+q.Table, err)
	}
	out, err := scan(rows, columns, func(bytes int) error {
		r.bytes += bytes
		if r.bound >= 0 && r.bytes > r.bound {
			cancel() // else the rest would be fetched all the same
			return ErrTooMuch
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.shop.prefix+q.Table, err)
	}
	return out, nil
}
