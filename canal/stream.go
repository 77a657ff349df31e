package canal

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/google/uuid"
)

const (
	// progressEvery is how often Progress is called while the log holds nothing
	// to report. (A quiet log: at each heartbeat.)
	progressEvery = time.Second
	// mostTouches bounds what is kept of one transaction. Past it, whatever else it
	// touches becomes a Resync.
	mostTouches = 200_000
	// mostEarly bounds the transactions that a server may be committing at a moment.
	mostEarly = 200
	// mostClosing is the most that the event which closes a file takes, without the
	// next one's name: less than a transaction.
	mostClosing = 64
	// mostText is how much of a statement is looked at: names stand in front, data
	// behind.
	mostText = 64 << 10
)

// stream turns one connection's events into transactions. Its methods run on the
// syncer's reader goroutine: decode and metadata while an event is parsed,
// HandleEvent after it.
type stream struct {
	c       *Canal
	ctx     context.Context
	handler Handler
	failed  error // why HandleEvent refused an event; read it after the syncer was closed

	file   string // where the reader is
	offset uint64
	began  uint32        // see Position.Began
	gtids  mysql.GTIDSet // executed set without the open group; nil: positions have none
	last   Position      // behind the last group that ended
	left   Position      // where the session began
	joined bool          // the log was seen to go on at left, see join
	goesOn bool          // it has to go on in the same file
	early  int           // groups that began in front of left

	open    bool   // between a group's first event and its end
	begun   bool   // MySQL: the group opened with BEGIN
	alone   bool   // MariaDB: the group is a single Query event
	apply   func() // adds the open group's GTID to gtids
	time    time.Time
	xid     string // of an XA transaction
	touches []Touch
	seen    map[Touch]bool
	resyncs []Resync
	tables  bool // see Transaction.Tables

	queue []rawRows // watched rows events of the event being parsed
	metas [][]byte  // optional metadata of the table maps of the event being parsed
	maps  map[*replication.TableMapEvent][]byte
	spans [2][]span

	lastTold time.Time
	heard    atomic.Int64             // unix nanoseconds of the last sign of life; 0: an event is being handled
	logEnd   atomic.Pointer[Position] // where the server says its log ends, as long as it says nothing else
}

func newStream(c *Canal, h Handler, from Position, gtids mysql.GTIDSet) *stream {
	s := &stream{c: c, handler: h, file: from.File, offset: from.Offset, gtids: gtids, last: from, left: from,
		seen: map[Touch]bool{}, maps: map[*replication.TableMapEvent][]byte{}}
	// A file and an offset are taken at their word: the server refuses wrong ones.
	s.joined = from.GTID == "" || from.File == ""
	s.heard.Store(time.Now().UnixNano())
	return s
}

// quietSince is when the server was last heard of; zero while we are at work, and
// the silence is ours.
func (s *stream) quietSince() time.Time {
	if n := s.heard.Load(); n > 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// HandleEvent implements replication.EventHandler.
func (s *stream) HandleEvent(e *replication.BinlogEvent) error {
	s.heard.Store(0)
	s.c.alive(time.Now())
	err := s.event(e)
	s.heard.Store(time.Now().UnixNano())
	if err != nil {
		s.failed = err
	}
	return err
}

func (s *stream) event(e *replication.BinlogEvent) error {
	h := e.Header
	if ev, ok := e.Event.(*replication.HeartbeatEvent); ok {
		return s.heartbeat(ev.Filename, uint64(h.LogPos))
	}
	s.logEnd.Store(nil)
	// MariaDB 11.4 and later give no position to events inside a group.
	if h.LogPos > 0 && h.Flags&replication.LOG_EVENT_ARTIFICIAL_F == 0 {
		if err := s.join(h.EventType, s.file, uint64(h.LogPos-h.EventSize)); err != nil {
			return err
		}
		s.offset = uint64(h.LogPos)
	}
	switch ev := e.Event.(type) {
	case *replication.RotateEvent:
		// Also the first, artificial event of every connection. A group that the
		// file's end cut short (the server crashed) was never committed.
		s.file, s.offset = string(ev.NextLogName), ev.Position
		s.begin()
		s.open = false
	case *replication.FormatDescriptionEvent:
		return s.fileBegan(h.Timestamp)
	case *replication.MariadbGTIDEvent:
		s.begin()
		s.alone = ev.IsStandalone()
		gtid := ev.GTID
		s.apply = func() {
			if set, ok := s.gtids.(*mysql.MariadbGTIDSet); ok {
				set.Sets[gtid.DomainID] = &gtid
			}
		}
	case *replication.GTIDEvent:
		s.mysqlGTID(ev)
	case *replication.GtidTaggedLogEvent:
		s.mysqlGTID(&ev.GTIDEvent)
	case *replication.TransactionPayloadEvent: // a compressed transaction
		for _, inner := range ev.Events {
			if err := s.inner(inner.Header, inner.Event); err != nil {
				return err
			}
		}
	default:
		return s.inner(h, ev)
	}
	return nil
}

// inner handles what makes up a group, compressed as a whole or not.
func (s *stream) inner(h *replication.EventHeader, e replication.Event) error {
	switch ev := e.(type) {
	case *replication.XIDEvent:
		return s.commit(h)
	case *replication.QueryEvent:
		return s.query(h, ev)
	case *replication.TableMapEvent:
		s.mapped(ev)
	case *replication.RowsEvent:
		return s.rows(h, ev)
	case *replication.ExecuteLoadQueryEvent:
		s.resyncAll("statement") // LOAD DATA in statement format; the library does not give us its text
	case *replication.GenericEvent:
		return s.generic(h, ev)
	}
	return nil
}

// generic handles what the library does not decode.
func (s *stream) generic(h *replication.EventHeader, ev *replication.GenericEvent) error {
	switch h.EventType {
	case replication.INCIDENT_EVENT:
		s.c.log.Error("the server reports lost events in its binlog: everything is compared again", "file", s.file, "pos", s.offset)
		s.resyncAll("incident")
		return s.commit(h)
	case replication.XA_PREPARE_LOG_EVENT:
		return s.prepare(h, len(ev.Data) > 0 && ev.Data[0] != 0)
	case replication.START_EVENT_V3, replication.STOP_EVENT, replication.RAND_EVENT, replication.USER_VAR_EVENT,
		replication.TRANSACTION_CONTEXT_EVENT, replication.VIEW_CHANGE_EVENT, replication.MARIADB_START_ENCRYPTION_EVENT:
		return nil
	}
	if h.Flags&replication.LOG_EVENT_IGNORABLE_F == 0 {
		if s.c.oncePer("event", time.Minute) {
			s.c.log.Error("the binlog holds an event of an unknown kind: everything is compared again", "kind", int(h.EventType), "file", s.file, "pos", s.offset)
		}
		s.resyncAll("decode")
	}
	return nil
}

// join makes sure, once, that the log goes on where we left it. A GTID does not
// prove that: after RESET MASTER, or in a restored backup, a server gives the same
// numbers to other transactions. So some event has to begin exactly at our place,
// unless our file ends there and the log goes on in a later one. Groups and heartbeats decide; what else
// stands in the log is sent from the head of the file on.
func (s *stream) join(tp replication.EventType, file string, start uint64) error {
	if s.joined {
		return nil
	}
	where := compareFiles(file, s.left.File)
	if where == 0 { // offsets in events have 32 bits
		where = cmp.Compare(uint32(start), uint32(s.left.Offset))
		s.joined = where == 0
	} else {
		s.joined = where > 0 && !s.goesOn
	}
	if s.joined {
		return nil
	}
	switch tp {
	case replication.MARIADB_GTID_EVENT, replication.GTID_EVENT, replication.GTID_TAGGED_LOG_EVENT, replication.ANONYMOUS_GTID_EVENT:
		// On MySQL a position from Here may be ahead of its GTID set, by what was being
		// committed at that moment: a GTID counts as executed later.
		if s.early++; where < 0 && file == s.left.File && s.early <= mostEarly && s.c.cfg.Server.Flavor == MySQL {
			return nil
		}
	case replication.HEARTBEAT_EVENT:
		// MySQL also sends them while it skips what we have.
		if where < 0 && s.early == 0 && s.c.cfg.Server.Flavor == MySQL {
			return nil
		}
	default:
		return nil
	}
	return fmt.Errorf("%w: behind the same GTID it goes on at %s:%d instead of %s:%d, so it was begun anew or restored", ErrDiverged, file, start, s.left.File, s.left.Offset)
}

// fileBegan notes when the file was begun. Without GTIDs that is all that tells ours from
// one of the same name in a log that was begun anew, where our offset happens to be a
// border too.
func (s *stream) fileBegan(at uint32) error {
	if s.gtids != nil {
		return nil
	}
	if s.began == 0 && s.left.Began != 0 && s.file == s.left.File && at != s.left.Began {
		return fmt.Errorf("%w: %s was begun at %s, not at %s: the log was begun anew or restored", ErrDiverged, s.file,
			time.Unix(int64(at), 0).UTC().Format(time.RFC3339), time.Unix(int64(s.left.Began), 0).UTC().Format(time.RFC3339))
	}
	s.began = at
	return nil
}

func (s *stream) begin() {
	// Whatever an unfinished group left behind was never committed.
	s.open, s.begun, s.alone, s.apply, s.xid = true, false, false, nil, ""
	s.forget()
}

// forget drops what was found in a group.
func (s *stream) forget() {
	s.touches, s.resyncs, s.tables, s.time = nil, nil, false, time.Time{}
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
	text := string(ev.Query[:min(len(ev.Query), mostText)])
	switch {
	case strings.EqualFold(text, "BEGIN"):
		if !s.open { // a server without any GTID event
			s.begin()
		}
		s.begun = true
		return nil
	case strings.EqualFold(text, "COMMIT"), strings.EqualFold(text, "ROLLBACK"):
		// ROLLBACK ends a group in which tables without transactions were changed.
		return s.commit(h)
	}
	st := readStatement(text, string(ev.Schema), s.c)
	if st.verb == "XA" && s.xa(st, text) {
		return nil
	}
	s.effect(st)
	s.tables = s.tables || st.otherTables()
	// A group that did not open with BEGIN is this one statement. MariaDB says so
	// in its GTID event, and has no BEGIN event at all.
	if s.c.cfg.Server.Flavor == MariaDB && s.open && !s.alone || s.begun {
		return nil
	}
	return s.commit(h)
}

// effect notes what a statement does to watched tables.
func (s *stream) effect(st statement) {
	do := st.effect()
	if do == (effect{}) {
		return
	}
	tables := st.tables
	if do.whole {
		tables = s.c.order
	}
	for _, t := range tables {
		if do.layout {
			t.forget()
		}
		if do.resync != "" {
			s.resync(t, do.resync)
		}
		s.c.metrics.statement(t.Name)
	}
	if len(tables) > 0 {
		s.c.log.Debug("statement on a watched table", "verb", st.verb, "file", s.file, "pos", s.offset)
	}
}

// xa follows the statements of XA transactions, which come in two groups: one that
// ends at XA PREPARE with its rows, not visible to anybody yet, and much later
// XA COMMIT alone. Rows are not kept that long: XA COMMIT becomes a Resync, unless
// its rows are known to concern nothing watched. It reports true when the group
// goes on.
func (s *stream) xa(st statement, text string) bool {
	_, rest, _ := strings.Cut(text, " ") // the server writes it itself: XA END X'61',X'',1
	_, id, _ := strings.Cut(rest, " ")
	switch {
	case st.words["START"]:
		s.begun = true
		return true
	case st.words["END"]:
		s.xid = id
		return true
	case st.words["COMMIT"]:
		if concerned, known := s.c.prepared[id]; concerned || !known {
			s.resyncAll("statement")
		}
		delete(s.c.prepared, id)
	case st.words["ROLLBACK"]:
		delete(s.c.prepared, id)
	}
	return false
}

// prepare ends a group at XA PREPARE; onePhase: it was XA COMMIT ... ONE PHASE.
func (s *stream) prepare(h *replication.EventHeader, onePhase bool) error {
	if !onePhase {
		s.c.prepared[s.xid] = len(s.touches)+len(s.resyncs) > 0
		s.forget()
	}
	return s.commit(h)
}

// commit ends the open group and hands it over when it found something.
func (s *stream) commit(h *replication.EventHeader) error {
	if s.apply != nil {
		s.apply()
	}
	s.open, s.begun, s.alone, s.apply = false, false, false, nil
	s.reach(s.file, s.offset)
	if s.time.IsZero() {
		s.time = time.Unix(int64(h.Timestamp), 0).UTC()
	}
	s.c.readUpTo(s.time)
	if len(s.touches) == 0 && len(s.resyncs) == 0 && !s.tables {
		if time.Since(s.lastTold) > progressEvery {
			return s.tell()
		}
		return nil
	}
	t := Transaction{Position: s.position(), Time: s.time, Touches: s.touches, Resyncs: s.resyncs, Tables: s.tables}
	s.forget()
	s.lastTold = time.Now()
	if err := s.handler.Commit(t); err != nil {
		return handlerError{err}
	}
	s.c.handedOver(t.Position)
	return nil
}

// reach moves on to the end of a group. It never goes back: where GTIDs are out of
// order in the log (MariaDB without gtid_strict_mode), the server sends groups again
// that lie in front of our place.
func (s *stream) reach(file string, offset uint64) {
	if s.last.File == "" || !s.last.AtOrAfter(file, offset) {
		s.last.File, s.last.Offset, s.last.Began = file, offset, s.began
	}
}

// position is the place behind the last group.
func (s *stream) position() Position {
	if s.gtids != nil {
		s.last.GTID = s.gtids.String()
	}
	return s.last
}

// heartbeat is the server's word that its log ends here, or, on MySQL, that it
// skips what we have read already.
func (s *stream) heartbeat(file string, offset uint64) error {
	if err := s.join(replication.HEARTBEAT_EVENT, file, offset); err != nil || s.open || !s.joined {
		return err
	}
	s.reach(file, offset)
	s.c.readUpTo(time.Now())
	if err := s.tell(); err != nil {
		return err
	}
	s.logEnd.Store(&Position{File: file, Offset: offset})
	return nil
}

// tell reports the position.
func (s *stream) tell() error {
	s.lastTold = time.Now()
	p := s.position()
	if err := s.handler.Progress(p); err != nil {
		return handlerError{err}
	}
	s.c.handedOver(p)
	return nil
}

func (s *stream) touch(t *table, what Touch) {
	if s.seen[what] {
		return
	}
	if len(s.touches) >= mostTouches {
		s.add(Resync{Target: what.Target, Table: t.Name, Reason: "bulk"})
		return
	}
	s.seen[what] = true
	s.touches = append(s.touches, what)
}

func (s *stream) resync(t *table, reason string) {
	for _, r := range t.Rules {
		s.add(Resync{Target: r.Target, Table: t.Name, Reason: reason})
	}
}

func (s *stream) resyncAll(reason string) {
	for _, t := range s.c.order {
		s.resync(t, reason)
	}
}

func (s *stream) add(r Resync) {
	for _, other := range s.resyncs {
		if other == r {
			return
		}
	}
	s.resyncs = append(s.resyncs, r)
}
