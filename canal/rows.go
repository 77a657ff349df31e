package canal

import (
	"bytes"
	"errors"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

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
	meta := s.metas[0]
	if s.metas = s.metas[1:]; len(s.metas) == 0 {
		s.metas = nil
	}
	switch watched := s.c.watched(m) != nil; {
	case watched:
		s.maps[m] = meta
		s.c.written(nil, true)
	case s.c.ours(m):
		s.c.written(m.Table, false)
	}
}

// rows reads the keys out of a rows event, and nothing else.
func (s *stream) rows(h *replication.EventHeader, e *replication.RowsEvent) error {
	if e.Flags&replication.RowsEventStmtEndFlag != 0 {
		defer clear(s.maps) // a statement's maps end with it
	}
	t := s.c.watched(e.Table)
	if t == nil {
		return nil
	}
	raw := s.queue[0]
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
	l, err := t.resolve(s.ctx, shape{e.Table, s.maps[e.Table]}, s.c.columns)
	if err != nil {
		return err
	}
	if l.problem != "" {
		if s.c.oncePer("layout of "+t.Name, time.Minute) {
			s.c.log.Warn("the layout of a table in the log is in doubt: all of it is compared again",
				"table", t.Name, "problem", l.problem, "file", s.file, "pos", s.offset)
		}
		s.resync(t, "layout")
		return nil
	}
	if err := s.readRows(t, l, h.EventType, raw); err != nil {
		if s.c.oncePer("rows of "+t.Name, time.Minute) {
			s.c.log.Warn("rows could not be read: the table is compared again", "table", t.Name, "problem", err.Error(), "file", s.file, "pos", s.offset)
		}
		s.resync(t, "decode")
	}
	return nil
}

var (
	errPacked = errors.New("compressed rows cannot be unpacked")
	errWidth  = errors.New("the rows have another number of columns than their table")
)

func (s *stream) readRows(t *table, l *layout, tp replication.EventType, raw rawRows) error {
	e, data, kind := raw.event, raw.data, kindOf(tp)
	if int(e.ColumnCount) != len(l.widths) {
		return errWidth
	}
	if isCompressed(tp) {
		var err error
		if data, err = mysql.DecompressMariadbData(data); err != nil {
			return errPacked
		}
	}
	if len(data) == 0 { // MINIMAL: rows of which no column was given
		s.resync(t, "image")
		return nil
	}
	for i := range s.spans {
		if cap(s.spans[i]) < len(l.widths) {
			s.spans[i] = make([]span, len(l.widths))
		}
		s.spans[i] = s.spans[i][:len(l.widths)]
	}
	before, after := s.spans[0], s.spans[1]
	for pos := 0; pos < len(data); {
		start := pos
		var err error
		if pos, err = scanImage(data, pos, e.ColumnBitmap1, l.widths, before); err != nil {
			return err
		}
		if kind == update {
			if tp == replication.PARTIAL_UPDATE_ROWS_EVENT {
				if pos, err = skipPartial(data, pos, l.json); err != nil {
					return err
				}
			}
			if pos, err = scanImage(data, pos, e.ColumnBitmap2, l.widths, after); err != nil {
				return err
			}
			for c := range after { // a column that is not written again has not changed
				if after[c] == absent {
					after[c] = before[c]
				}
			}
		}
		if pos == start {
			return errTorn
		}
		s.c.metrics.row(t.Name, kind)
		for i := range l.rules {
			r := &l.rules[i]
			if kind == update && !differ(data, before, after, r.relevant) {
				continue
			}
			if r.Cascade {
				if kind != insert && !s.c.logsCascades() {
					s.add(Resync{Target: r.Target, Table: t.Name, Reason: "cascade"})
				}
				continue
			}
			found := s.key(t, r, data, before)
			if kind == update {
				found = s.key(t, r, data, after) && found
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
func (s *stream) key(t *table, r *compiledRule, data []byte, image []span) bool {
	switch {
	case r.key >= 0:
		at := image[r.key]
		if at == absent {
			return false
		}
		if at != isNull { // NULL: a row that belongs to nobody
			s.touch(t, Touch{r.Target, integer(data[at.start:at.end])})
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
			s.touch(t, Touch{r.Target, k})
		}
	default:
		s.touch(t, Touch{r.Target, 0})
	}
	return true
}

// differ reports whether an update changed one of the columns, as far as can be
// seen: one that only the image behind it carries counts as changed.
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

func isCompressed(tp replication.EventType) bool {
	switch tp {
	case replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1, replication.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1, replication.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1:
		return true
	}
	return false
}
