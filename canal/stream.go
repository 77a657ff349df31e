package canal

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/google/uuid"
)

// stream turns one connection's events into transactions. All its methods run
// on the syncer's reader goroutine: decode while an event is parsed, HandleEvent
// after it.
type stream struct {
	c       *Canal
	ctx     context.Context
	handler Handler
	started Position // the server's position when Run began

	file   string
	offset uint64
	gtids  mysql.GTIDSet // executed set without the open transaction; nil: none

	open     bool   // between a transaction's first event and its commit
	begun    bool   // MySQL: the group opened with BEGIN
	alone    bool   // MariaDB: the group is a single Query event
	apply    func() // adds the open transaction's GTID to gtids
	time     time.Time
	touches  []Touch
	seen     map[Touch]bool
	resyncs  []Resync
	queue    []rawRows // watched rows events of the event being parsed
	metas    [][]byte  // optional metadata of the table maps of the event being parsed
	maps     map[*replication.TableMapEvent][]byte
	spans    [2][]span
	lastTold time.Time
}

func (s *stream) position() Position {
	p := Position{File: s.file, Offset: s.offset}
	if s.gtids != nil {
		p.GTID = s.gtids.String()
	}
	return p
}

// HandleEvent implements replication.EventHandler.
func (s *stream) HandleEvent(e *replication.BinlogEvent) error {
	s.c.handling.Store(true)
	defer s.c.handling.Store(false)
	s.c.alive()
	if err := s.event(e); err != nil {
		s.c.failHandler(err)
		return err
	}
	return nil
}

func (s *stream) event(e *replication.BinlogEvent) error {
	h := e.Header
	if h.LogPos > 0 && h.Flags&replication.LOG_EVENT_ARTIFICIAL_F == 0 {
		s.offset = uint64(h.LogPos)
	}
	switch ev := e.Event.(type) {
	case *replication.RotateEvent:
		// Also the first, artificial event of every connection.
		s.file, s.offset = string(ev.NextLogName), ev.Position
	case *replication.MariadbGTIDEvent:
		s.begin()
		s.alone = ev.IsStandalone()
		gtid := ev.GTID
		s.apply = func() {
			if set, ok := s.gtids.(*mysql.MariadbGTIDSet); ok {
				if err := set.AddSet(&gtid); err != nil {
					s.c.log.Warn("GTID out of order", "gtid", gtid.String(), "err", err)
				}
			}
		}
	case *replication.GTIDEvent:
		s.mysqlGTID(ev)
	case *replication.GtidTaggedLogEvent:
		s.mysqlGTID(&ev.GTIDEvent)
	case *replication.XIDEvent:
		return s.commit(h)
	case *replication.QueryEvent:
		return s.query(h, ev)
	case *replication.TableMapEvent:
		s.mapped(ev)
	case *replication.RowsEvent:
		return s.rows(h, ev)
	case *replication.TransactionPayloadEvent: // a compressed transaction
		for _, inner := range ev.Events {
			inner.Header.LogPos = h.LogPos
			switch iv := inner.Event.(type) {
			case *replication.XIDEvent:
				return s.commit(h)
			case *replication.QueryEvent:
				if err := s.query(h, iv); err != nil {
					return err
				}
			case *replication.TableMapEvent:
				s.mapped(iv)
			case *replication.RowsEvent:
				if err := s.rows(inner.Header, iv); err != nil {
					return err
				}
			}
		}
	case *replication.ExecuteLoadQueryEvent:
		s.resyncAll("statement") // statement format; the library does not give us its text
	case *replication.HeartbeatEvent:
		return s.tell()
	case *replication.GenericEvent:
		if h.EventType == replication.INCIDENT_EVENT {
			s.c.log.Error("the server reports lost events in its binlog: everything is compared again", "file", s.file, "pos", s.offset)
			s.resyncAll("incident")
			return s.commit(h)
		}
	}
	return nil
}

func (s *stream) begin() {
	// Whatever an unfinished group left behind was never committed to us.
	s.open, s.begun, s.alone, s.apply = true, false, false, nil
	s.touches, s.resyncs, s.time = nil, nil, time.Time{}
	clear(s.seen)
	clear(s.maps)
}

func (s *stream) mysqlGTID(ev *replication.GTIDEvent) {
	s.begin()
	if ev.ImmediateCommitTimestamp > 0 {
		s.time = time.UnixMicro(int64(ev.ImmediateCommitTimestamp)).UTC()
	}
	if id, err := uuid.FromBytes(ev.SID); err == nil && ev.GNO > 0 { // an anonymous one has 0
		s.apply = func() {
			if set, ok := s.gtids.(*mysql.MysqlGTIDSet); ok {
				set.AddGTIDWithTag(id, ev.Tag, ev.GNO)
			}
		}
	}
}

func (s *stream) query(h *replication.EventHeader, ev *replication.QueryEvent) error {
	switch {
	case isWordOf(ev.Query, "BEGIN"):
		if !s.open { // a server without any GTID event
			s.begin()
		}
		s.begun = true
		return nil
	case isWordOf(ev.Query, "COMMIT"), isWordOf(ev.Query, "ROLLBACK"):
		return s.commit(h)
	}
	text := string(ev.Query)
	st := readStatement(text, string(ev.Schema), s.c.cfg.Database, func(name string) bool { return s.c.tables[name] != nil })
	do := st.effect()
	if st.whole {
		s.resyncAll("ddl")
	}
	for name := range st.tables {
		t := s.c.tables[name]
		reason := do.resync
		if do.layout {
			if t.forget(Position{File: s.file, Offset: s.offset}, s.started) && reason == "" {
				reason = "layout"
			}
		}
		if reason != "" {
			s.resync(t, reason)
		}
		s.c.metrics.statement(name, st.verb)
	}
	if len(st.tables) > 0 {
		s.c.log.Debug("statement on a watched table", "verb", st.verb, "file", s.file, "pos", s.offset)
	}
	// A group that did not open with BEGIN is this one statement. MariaDB says
	// so in its GTID event, and has no BEGIN event at all.
	if s.c.cfg.Server.Flavor == MariaDB && s.open && !s.alone || s.begun {
		return nil
	}
	return s.commit(h)
}

// isWordOf reports whether query is the bare keyword.
func isWordOf(query []byte, word string) bool {
	return len(query) == len(word) && bytes.EqualFold(query, []byte(word))
}

// commit ends the open transaction and hands it over.
func (s *stream) commit(h *replication.EventHeader) error {
	if s.apply != nil {
		s.apply()
	}
	s.open, s.begun, s.alone, s.apply = false, false, false, nil
	if len(s.touches) == 0 && len(s.resyncs) == 0 {
		if time.Since(s.lastTold) > s.c.cfg.progressEvery() {
			return s.tell()
		}
		return nil
	}
	t := Transaction{Position: s.position(), Time: s.time, Touches: s.touches, Resyncs: s.resyncs}
	if t.Time.IsZero() {
		t.Time = time.Unix(int64(h.Timestamp), 0).UTC()
	}
	s.touches, s.resyncs = nil, nil
	clear(s.seen)
	s.lastTold = time.Now()
	s.c.handedOver(t.Position)
	return s.handler.Commit(t)
}

// tell reports the position when no transaction is open.
func (s *stream) tell() error {
	s.lastTold = time.Now()
	if s.open || s.file == "" {
		return nil
	}
	p := s.position()
	s.c.handedOver(p)
	return s.handler.Progress(p)
}

func (s *stream) touch(t Touch) {
	if s.seen[t] {
		return
	}
	s.seen[t] = true
	s.touches = append(s.touches, t)
}

func (s *stream) resync(t *table, reason string) {
	for _, r := range t.Rules {
		re := Resync{Target: r.Target, Table: t.Name, Reason: reason}
		known := false
		for _, other := range s.resyncs {
			known = known || other == re
		}
		if !known {
			s.resyncs = append(s.resyncs, re)
		}
	}
}

func (s *stream) resyncAll(reason string) {
	for _, t := range s.c.order {
		s.resync(t, reason)
	}
}

// rawRows is a rows event of a watched table with the undecoded row images.
type rawRows struct {
	event *replication.RowsEvent
	data  []byte
}

// decode is the syncer's RowsEventDecodeFunc. The header is always read (that
// is what finds and frees table maps); row images are kept aside for watched
// tables, and skipped for all others.
func (s *stream) decode(e *replication.RowsEvent, data []byte) error {
	pos, err := e.DecodeHeader(data)
	if err != nil {
		return err
	}
	if s.c.watched(e.Table) != nil {
		s.queue = append(s.queue, rawRows{e, data[pos:]})
	}
	return nil
}

// metadata is the syncer's TableMapOptionalMetaDecodeFunc: names are decoded only
// when a table's shape is new (see shape).
func (s *stream) metadata(data []byte) error {
	s.metas = append(s.metas, data)
	return nil
}

// mapped takes the metadata of a table map, which arrive in the same order.
func (s *stream) mapped(m *replication.TableMapEvent) {
	if len(s.metas) == 0 {
		return // a map without any
	}
	meta := s.metas[0]
	if s.metas = s.metas[1:]; len(s.metas) == 0 {
		s.metas = nil
	}
	if s.c.watched(m) != nil {
		s.maps[m] = meta
	}
}

// rows reads the keys out of a rows event, and nothing else.
func (s *stream) rows(h *replication.EventHeader, e *replication.RowsEvent) error {
	t := s.c.watched(e.Table)
	if t == nil {
		return nil
	}
	raw := s.queue[0]
	s.queue = s.queue[1:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	l, err := t.resolve(s.ctx, shape{e.Table, s.maps[e.Table]}, s.c.columns)
	if err != nil {
		return err
	}
	if l.problem != "" {
		if s.c.oncePer(t.Name+l.problem, time.Minute) {
			s.c.log.Warn("the layout of a table in the log is in doubt: all of it is compared again",
				"table", t.Name, "problem", l.problem, "file", s.file, "pos", s.offset)
		}
		s.resync(t, "layout")
		return nil
	}
	if err := s.readRows(t, l, h.EventType, raw); err != nil {
		s.c.log.Warn("rows could not be read: the table is compared again", "table", t.Name, "problem", err.Error(), "file", s.file, "pos", s.offset)
		s.resync(t, "decode")
	}
	return nil
}

func (s *stream) readRows(t *table, l *layout, tp replication.EventType, raw rawRows) error {
	e, data, kind := raw.event, raw.data, kindOf(tp)
	switch tp {
	case replication.PARTIAL_UPDATE_ROWS_EVENT:
		s.resync(t, "image")
		return nil
	case replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1, replication.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1,
		replication.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1:
		var err error
		if data, err = mysql.DecompressMariadbData(data); err != nil {
			return fmt.Errorf("the compressed rows cannot be unpacked")
		}
	}
	full := complete(e.ColumnBitmap1, len(l.widths)) && (kind != update || complete(e.ColumnBitmap2, len(l.widths)))
	if !full && s.c.oncePer("image", time.Minute) {
		s.c.log.Warn("a session writes partial row images: set binlog_row_image = FULL", "table", t.Name)
	}
	for i := range s.spans {
		if cap(s.spans[i]) < len(l.widths) {
			s.spans[i] = make([]span, len(l.widths))
		}
		s.spans[i] = s.spans[i][:len(l.widths)]
	}
	before, after := s.spans[0], s.spans[1]
	for pos := 0; pos < len(data); {
		var err error
		if pos, err = scanImage(data, pos, e.ColumnBitmap1, l.widths, before); err != nil {
			return err
		}
		if kind == update {
			if pos, err = scanImage(data, pos, e.ColumnBitmap2, l.widths, after); err != nil {
				return err
			}
		}
		l.rows++
		s.c.metrics.row(t.Name, kind)
		for i := range l.rules {
			r := &l.rules[i]
			if kind == update && full && !differ(data, before, after, r.relevant) {
				continue
			}
			found := s.key(r, data, before)
			if kind == update {
				found = s.key(r, data, after) || found
			}
			if !found {
				s.resync(t, "image")
			}
		}
	}
	return nil
}

// key touches the key that one image names. It reports false when the image
// does not carry it.
func (s *stream) key(r *compiledRule, data []byte, image []span) bool {
	switch {
	case r.key >= 0:
		at := image[r.key]
		if at == absent {
			return false
		}
		if at == isNull {
			return true // a row that belongs to nobody
		}
		if k, ok := integer(data[at.start:at.end]); ok {
			s.touch(Touch{r.Target, k})
		}
	case r.Resolve != nil:
		values := make([]string, len(r.text))
		for i, c := range r.text {
			at := image[c]
			if at == absent {
				return false
			}
			if at != isNull {
				values[i] = string(data[at.start:at.end])
			}
		}
		if k, ok := r.Resolve(values); ok {
			s.touch(Touch{r.Target, k})
		}
	default:
		s.touch(Touch{r.Target, 0})
	}
	return true
}

func differ(data []byte, before, after []span, columns []int) bool {
	for _, c := range columns {
		b, a := before[c], after[c]
		if b.start < 0 || a.start < 0 {
			if b != a {
				return true
			}
			continue
		}
		if !bytes.Equal(data[b.start:b.end], data[a.start:a.end]) {
			return true
		}
	}
	return false
}

func complete(bitmap []byte, columns int) bool {
	for i := range columns {
		if !bit(bitmap, i) {
			return false
		}
	}
	return true
}

type kind int

const (
	insert kind = iota
	update
	remove
)

func (k kind) String() string { return [...]string{"insert", "update", "delete"}[k] }

func kindOf(tp replication.EventType) kind {
	switch tp {
	case replication.WRITE_ROWS_EVENTv0, replication.WRITE_ROWS_EVENTv1, replication.WRITE_ROWS_EVENTv2, replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1:
		return insert
	case replication.DELETE_ROWS_EVENTv0, replication.DELETE_ROWS_EVENTv1, replication.DELETE_ROWS_EVENTv2, replication.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1:
		return remove
	}
	return update
}

// discard is a logger for the library: it logs its configuration and, at times,
// row data and SQL text.
var discard = slog.New(slog.DiscardHandler)
