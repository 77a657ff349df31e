package canal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// tape feeds a stream with events as if they came from a server.
type tape struct {
	*recorder
	t *testing.T
	s *stream
	w *witness
}

func newTape(t *testing.T, c *Canal, from Position) *tape {
	t.Helper()
	gtids, err := mysql.ParseGTIDSet(c.cfg.Server.Flavor, from.GTID)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	c.handedOver(from)
	s := newStream(c, r, from, gtids)
	s.ctx = t.Context()
	tape := &tape{recorder: r, t: t, s: s, w: newWitness(t)}
	tape.w.parser.SetRowsEventDecodeFunc(s.decode)
	tape.w.parser.SetTableMapOptionalMetaDecodeFunc(s.metadata)
	return tape
}

// try hands over an event of so many bytes that ends at a position.
func (p *tape) try(tp replication.EventType, size, end uint32, e replication.Event) error {
	return p.s.HandleEvent(&replication.BinlogEvent{Header: &replication.EventHeader{EventType: tp, EventSize: size, LogPos: end, Timestamp: 1_700_000_000}, Event: e})
}

func (p *tape) play(tp replication.EventType, size, end uint32, e replication.Event) {
	p.t.Helper()
	if err := p.try(tp, size, end, e); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tape) rotate(file string, offset uint64) {
	p.t.Helper()
	if err := p.s.HandleEvent(&replication.BinlogEvent{Header: &replication.EventHeader{EventType: replication.ROTATE_EVENT, Flags: replication.LOG_EVENT_ARTIFICIAL_F},
		Event: &replication.RotateEvent{Position: offset, NextLogName: []byte(file)}}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tape) gtid(sequence uint64, end uint32) {
	p.t.Helper()
	p.play(replication.MARIADB_GTID_EVENT, 40, end, gtid(sequence))
}

func gtid(sequence uint64) *replication.MariadbGTIDEvent {
	return &replication.MariadbGTIDEvent{GTID: mysql.MariadbGTID{ServerID: 1, SequenceNumber: sequence}}
}

// marker is a group of rows of the table marker, without its end.
func (p *tape) marker(ids ...uint32) {
	p.t.Helper()
	columns := []columnType{{mysql.MYSQL_TYPE_LONG, 0}}
	for len(ids) > 0 {
		n := min(len(ids), 1000)
		var data []byte
		for _, id := range ids[:n] {
			data = append(data, 0, byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
		}
		ids = ids[n:]
		m := p.w.tableMap(p.t, columns, namesIn("id"))
		m.Schema, m.Table = []byte("shop"), []byte("marker")
		p.play(replication.TABLE_MAP_EVENT, 0, 0, m)
		body := append([]byte{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 0xff}, data...)
		p.play(replication.WRITE_ROWS_EVENTv2, 0, 0, p.w.parse(p.t, replication.WRITE_ROWS_EVENTv2, body))
	}
}

func (p *tape) want(want string) {
	p.t.Helper()
	if got := tell(p.transactions()); got != want {
		p.t.Errorf("got %q, want %q", got, want)
	}
}

// TestJoin: a GTID that is there again after the log was begun anew, or in a
// restored backup, does not pass for ours.
func TestJoin(t *testing.T) {
	left := Position{GTID: "0-1-5", File: "b.000002", Offset: 1000}
	group := func(start uint32) func(*tape) error {
		return func(p *tape) error { return p.try(replication.MARIADB_GTID_EVENT, 40, start+40, gtid(6)) }
	}
	mysqlGroup := func(start uint32) func(*tape) error {
		return func(p *tape) error {
			return p.try(replication.GTID_EVENT, 40, start+40, &replication.GTIDEvent{SID: make([]byte, 16), GNO: 6})
		}
	}
	beat := func(file string, at uint32) func(*tape) error {
		return func(p *tape) error {
			return p.try(replication.HEARTBEAT_EVENT, 30, at, &replication.HeartbeatEvent{Filename: file})
		}
	}
	checkpoint := func(start uint32) func(*tape) error {
		return func(p *tape) error {
			return p.try(replication.MARIADB_BINLOG_CHECKPOINT_EVENT, 40, start+40, &replication.MariadbBinlogCheckPointEvent{})
		}
	}
	for _, c := range []struct {
		name   string
		flavor string
		file   string
		events []func(*tape) error
		ok     bool
	}{
		{"goes on where we left", MariaDB, "b.000002", []func(*tape) error{group(1000)}, true},
		{"a file's head in front", MariaDB, "b.000002", []func(*tape) error{checkpoint(325), group(1000)}, true},
		{"an event without rows between", MariaDB, "b.000002", []func(*tape) error{checkpoint(1000), group(1040)}, true},
		{"earlier", MariaDB, "b.000002", []func(*tape) error{group(800), group(1000)}, false},
		{"MySQL, the set was older than the offset", MySQL, "b.000002", []func(*tape) error{mysqlGroup(800), mysqlGroup(1000)}, true},
		{"MySQL, shorter", MySQL, "b.000002", []func(*tape) error{mysqlGroup(500), mysqlGroup(700), mysqlGroup(1100)}, false},
		{"in the next file", MariaDB, "b.000003", []func(*tape) error{group(325)}, true},
		{"idle where we left", MariaDB, "b.000002", []func(*tape) error{beat("b.000002", 1000), group(1000)}, true},
		{"idle in the next file", MariaDB, "b.000002", []func(*tape) error{beat("b.000003", 400), group(400)}, true},
		{"longer", MariaDB, "b.000002", []func(*tape) error{group(1001)}, false},
		{"shorter", MariaDB, "b.000002", []func(*tape) error{group(500), group(700), group(1100)}, false},
		{"in an earlier file", MariaDB, "b.000001", []func(*tape) error{group(1000)}, false},
		{"idle and longer", MariaDB, "b.000002", []func(*tape) error{beat("b.000002", 1100)}, false},
		{"idle and shorter", MariaDB, "b.000002", []func(*tape) error{beat("b.000002", 900)}, false},
		{"idle in an earlier file", MariaDB, "b.000001", []func(*tape) error{beat("b.000001", 1000)}, false},
		{"MySQL skips what we have", MySQL, "b.000001", []func(*tape) error{beat("b.000001", 900), beat("b.000002", 500), beat("b.000002", 1000)}, true},
		{"MySQL, idle and longer", MySQL, "b.000002", []func(*tape) error{beat("b.000002", 1100)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			canal := idle(t, func(cfg *Config) { cfg.Server.Flavor = c.flavor })
			from := left
			if c.flavor == MySQL {
				from.GTID = "11111111-2222-3333-4444-555555555555:1-5"
			}
			p := newTape(t, canal, from)
			p.rotate(c.file, 4)
			var err error
			for _, e := range c.events {
				if err = e(p); err != nil {
					break
				}
			}
			if c.ok != (err == nil) || !c.ok && !errors.Is(err, ErrDiverged) {
				t.Errorf("got %v", err)
			}
			if !c.ok && canal.Status().Position != from {
				t.Errorf("moved on to %s", canal.Status().Position)
			}
		})
	}
}

// TestPositionNeverGoesBack: a GTID start begins in front of our place in the file,
// which is not handed over.
func TestPositionNeverGoesBack(t *testing.T) {
	from := Position{GTID: "0-1-5", File: "b.000002", Offset: 1000}
	p := newTape(t, idle(t), from)
	p.rotate("b.000002", 4)
	p.play(replication.MARIADB_BINLOG_CHECKPOINT_EVENT, 40, 365, &replication.MariadbBinlogCheckPointEvent{})
	p.play(replication.HEARTBEAT_EVENT, 30, 1000, &replication.HeartbeatEvent{Filename: "b.000002"})
	if p.progress != from {
		t.Errorf("told %s, want %s", p.progress, from)
	}
	p.gtid(6, 1040)
	p.play(replication.HEARTBEAT_EVENT, 30, 1040, &replication.HeartbeatEvent{Filename: "b.000002"}) // in the middle of a group
	if p.told != 1 {
		t.Errorf("progress was told %d times, want once", p.told)
	}
	p.marker(1)
	p.play(replication.XID_EVENT, 30, 1200, &replication.XIDEvent{})
	p.play(replication.HEARTBEAT_EVENT, 30, 1240, &replication.HeartbeatEvent{Filename: "b.000002"})
	if got, want := p.transactions()[0].Position, (Position{GTID: "0-1-6", File: "b.000002", Offset: 1200}); got != want {
		t.Errorf("transaction at %s, want %s", got, want)
	}
	if want := (Position{GTID: "0-1-6", File: "b.000002", Offset: 1240}); p.progress != want || p.s.c.Status().Position != want {
		t.Errorf("told %s, stands at %s, want %s", p.progress, p.s.c.Status().Position, want)
	}
	p.rotate("b.000003", 4) // no group has ended there yet
	p.gtid(7, 300)
	p.play(replication.XID_EVENT, 30, 330, &replication.XIDEvent{})
	p.play(replication.HEARTBEAT_EVENT, 30, 330, &replication.HeartbeatEvent{Filename: "b.000003"})
	if want := (Position{GTID: "0-1-7", File: "b.000003", Offset: 330}); p.progress != want {
		t.Errorf("told %s, want %s", p.progress, want)
	}
}

// TestUnfinished: what a crashed server wrote of a group counts for nothing.
func TestUnfinished(t *testing.T) {
	p := newTape(t, idle(t), Position{GTID: "0-1-5"})
	p.rotate("b.000001", 4)
	p.gtid(6, 100)
	p.marker(1)
	p.rotate("b.000002", 4)
	p.gtid(7, 100)
	p.marker(2)
	p.gtid(7, 300)
	p.marker(3)
	p.play(replication.XID_EVENT, 30, 400, &replication.XIDEvent{})
	p.want("marker/3")
}

// TestUnknownEvents: what may be changes nobody can read is compared, what is
// known to be none is not.
func TestUnknownEvents(t *testing.T) {
	for _, c := range []struct {
		tp    replication.EventType
		flags uint16
		want  string
	}{
		{replication.INCIDENT_EVENT, 0, everything("incident")},
		{200, 0, everything("decode")},
		{169, 0, everything("decode")}, // compressed rows as no server writes them yet
		{200, replication.LOG_EVENT_IGNORABLE_F, ""},
		{replication.STOP_EVENT, 0, ""},
		{replication.USER_VAR_EVENT, 0, ""},
		{replication.RAND_EVENT, 0, ""},
		{replication.VIEW_CHANGE_EVENT, 0, ""},
	} {
		p := newTape(t, idle(t), Position{GTID: "0-1-5"})
		p.rotate("b.000001", 4)
		p.gtid(6, 100)
		if err := p.s.HandleEvent(&replication.BinlogEvent{Header: &replication.EventHeader{EventType: c.tp, Flags: c.flags, LogPos: 200}, Event: &replication.GenericEvent{}}); err != nil {
			t.Fatal(err)
		}
		if p.s.open {
			p.play(replication.XID_EVENT, 30, 300, &replication.XIDEvent{})
		}
		p.want(c.want)
	}
}

// TestManyTouches: one transaction's memory is bounded; the rest is compared.
func TestManyTouches(t *testing.T) {
	p := newTape(t, idle(t), Position{GTID: "0-1-5"})
	p.rotate("b.000001", 4)
	p.gtid(6, 100)
	ids := make([]uint32, mostTouches+10)
	for i := range ids {
		ids[i] = uint32(i)
	}
	p.marker(ids...)
	if len(p.s.maps) != 0 {
		t.Errorf("%d table maps are kept over the end of their statements", len(p.s.maps))
	}
	p.play(replication.XID_EVENT, 30, 300, &replication.XIDEvent{})
	p.gtid(7, 400)
	p.marker(1)
	p.play(replication.XID_EVENT, 30, 500, &replication.XIDEvent{})
	got := p.transactions()
	if len(got) != 2 || len(got[0].Touches) != mostTouches || tell([]Transaction{{Resyncs: got[0].Resyncs}}) != "!marker:bulk" {
		t.Errorf("%d transactions, %d touches, %v", len(got), len(got[0].Touches), got[0].Resyncs)
	}
	if tell(got[1:]) != "marker/1" {
		t.Errorf("then %s", tell(got[1:]))
	}
}

// TestSourceFails: when the server cannot be asked for columns the handler is not
// to blame, and nothing is handed over.
func TestSourceFails(t *testing.T) {
	gone := errors.New("gone away")
	c := idle(t)
	c.columns = func(context.Context, string) ([]column, error) { return nil, gone }
	p := newTape(t, c, Position{GTID: "0-1-5"})
	p.rotate("b.000001", 4)
	p.gtid(6, 100)
	m := p.w.tableMap(t, []columnType{{mysql.MYSQL_TYPE_LONG, 0}}, nil)
	m.Schema, m.Table = []byte("shop"), []byte("marker")
	p.play(replication.TABLE_MAP_EVENT, 0, 0, m)
	rows := p.w.parse(t, replication.WRITE_ROWS_EVENTv2, []byte{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 0xff, 0, 1, 0, 0, 0})
	err := p.try(replication.WRITE_ROWS_EVENTv2, 0, 0, rows)
	var stop handlerError
	if !errors.Is(err, gone) || errors.As(err, &stop) || p.s.failed != err {
		t.Errorf("got %v", err)
	}
	p.want("")
}

func TestTornRows(t *testing.T) {
	p := newTape(t, idle(t), Position{GTID: "0-1-5"})
	p.rotate("b.000001", 4)
	for _, body := range [][]byte{
		{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 0xff, 0, 1, 0, 0},                // a byte too few
		{1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 2, 0xff, 0, 1, 0, 0, 0, 2, 0, 0, 0}, // a column too many
	} {
		p.gtid(6, 100)
		m := p.w.tableMap(t, []columnType{{mysql.MYSQL_TYPE_LONG, 0}}, namesIn("id"))
		m.Schema, m.Table = []byte("shop"), []byte("marker")
		p.play(replication.TABLE_MAP_EVENT, 0, 0, m)
		p.play(replication.WRITE_ROWS_EVENTv2, 0, 0, p.w.parse(t, replication.WRITE_ROWS_EVENTv2, body))
		p.play(replication.XID_EVENT, 30, 300, &replication.XIDEvent{})
	}
	p.want("!marker:decode, !marker:decode")
}

// TestProgressPace: a log full of what nobody watches is told about once a second.
func TestProgressPace(t *testing.T) {
	p := newTape(t, idle(t), Position{GTID: "0-1-5"})
	p.rotate("b.000001", 4)
	began := time.Now()
	for i := range uint32(1000) {
		p.gtid(uint64(6+i), 100+i*100)
		p.play(replication.XID_EVENT, 30, 150+i*100, &replication.XIDEvent{})
	}
	if p.told == 0 || p.told > 10+int(time.Since(began).Seconds()) {
		t.Errorf("told %d times of 1000 groups", p.told)
	}
}

// TestQuietSince: the time a handler takes is not the server's silence.
func TestQuietSince(t *testing.T) {
	p := newTape(t, idle(t), Position{GTID: "0-1-5"})
	began := time.Now()
	p.block = func() {
		if since := p.s.quietSince(); !since.IsZero() {
			t.Errorf("silent since %s while the handler is at work", since)
		}
	}
	p.rotate("b.000001", 4)
	p.play(replication.HEARTBEAT_EVENT, 30, 100, &replication.HeartbeatEvent{Filename: "b.000001"})
	if p.told != 1 || p.s.quietSince().Before(began) {
		t.Errorf("told %d times, quiet since %s", p.told, p.s.quietSince())
	}
}

func TestHandlerErrors(t *testing.T) {
	full := errors.New("disk full")
	for name, last := range map[string]func(*tape) error{
		"Commit": func(p *tape) error {
			p.marker(1)
			return p.try(replication.XID_EVENT, 30, 300, &replication.XIDEvent{})
		},
		"Progress": func(p *tape) error {
			p.s.open = false
			return p.try(replication.HEARTBEAT_EVENT, 30, 300, &replication.HeartbeatEvent{Filename: "b.000001"})
		},
	} {
		from := Position{GTID: "0-1-5"}
		p := newTape(t, idle(t), from)
		p.refuse = func() error { return full }
		p.rotate("b.000001", 4)
		p.gtid(6, 100)
		err := last(p)
		var stop handlerError
		if !errors.As(err, &stop) || stop.error != full {
			t.Errorf("%s: got %v", name, err)
		}
		if at := p.s.c.Status().Position; at != from {
			t.Errorf("%s: moved on to %s although it was refused", name, at)
		}
	}
}

func TestNew(t *testing.T) {
	resolve := func([]string) (int64, bool) { return 0, false }
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no server id", func(c *Config) { c.ServerID = 0 }, "needs a server id"},
		{"no port", func(c *Config) { c.Address = "localhost" }, "missing port"},
		{"a word for a port", func(c *Config) { c.Address = "localhost:mysql" }, "is no port"},
		{"port 0", func(c *Config) { c.Address = "localhost:0" }, "is no port"},
		{"twice", func(c *Config) { c.Tables = []Table{{Name: "a"}, {Name: "a"}} }, "listed twice"},
		{"no target", func(c *Config) { c.Tables = []Table{{Name: "a", Rules: []Rule{{Key: "id"}}}} }, "without target"},
		{"Only and Ignore", func(c *Config) {
			c.Tables = []Table{{Name: "a", Rules: []Rule{{Target: "x", Only: []string{"a"}, Ignore: []string{"b"}}}}}
		}, "exclude each other"},
		{"Resolve and Key", func(c *Config) {
			c.Tables = []Table{{Name: "a", Rules: []Rule{{Target: "x", Key: "k", Resolve: resolve, TextColumns: []string{"t"}}}}}
		}, "Resolve needs TextColumns and no Key"},
		{"Resolve of nothing", func(c *Config) { c.Tables = []Table{{Name: "a", Rules: []Rule{{Target: "x", Resolve: resolve}}}} }, "Resolve needs TextColumns and no Key"},
	} {
		cfg := idle(t).cfg
		c.change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for address, want := range map[string]string{"db.example:3307": "db.example 3307", "[::1]:3306": "::1 3306", "unix:/run/mysqld/mysqld.sock": "/run/mysqld/mysqld.sock 0", "unix:sock": "./sock 0"} {
		c := idle(t, func(cfg *Config) { cfg.Address = address })
		if got := fmt.Sprint(c.host, " ", c.port); got != want {
			t.Errorf("%s is dialled as %q, want %q", address, got, want)
		}
	}
}
