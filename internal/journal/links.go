package journal

import (
	"context"
	"database/sql"
	"time"

	"octail/transform/document"
)

// Link ties an entity to a record of a sink's target.
type Link struct {
	Sink string
	document.Key
	Target string
	Person bool // tied by hand: the truth. Else what the sink found or made: a cache
	Time   time.Time
}

const (
	byPerson = "person"
	bySink   = "found"
)

var selectLinks = "SELECT sink, entity, key, target, origin = 'person', time, sum = " + sums["links"] + " FROM links "

const (
	linkOf   = "WHERE sink = ? AND entity = ? AND key = ?"
	linksOf  = "WHERE sink = ? AND (entity, key) > (?, ?) ORDER BY entity, key LIMIT ?"
	linkedTo = "INDEXED BY links_target WHERE sink = ? AND target = ? ORDER BY entity, key LIMIT ?"
)

func (j *Journal) links(ctx context.Context, where string, args ...any) ([]Link, error) {
	return list(ctx, j.read, "read links", selectLinks+where, func(rows *sql.Rows) (l Link, err error) {
		var at int64
		var whole bool
		err = rows.Scan(&l.Sink, &l.Entity, &l.ID, &l.Target, &l.Person, &at, &whole)
		l.Time = fromMicros(at)
		return l, wholeOr(err, whole, "link of "+l.Key.String())
	}, args...)
}

// Link returns an entity's link in a sink; ok is false when it has none.
func (j *Journal) Link(ctx context.Context, sink string, key document.Key) (l Link, ok bool, err error) {
	found, err := j.links(ctx, linkOf, sink, key.Entity, key.ID)
	if err != nil || len(found) == 0 {
		return Link{}, false, err
	}
	return found[0], true, nil
}

// LinksOf lists the links of a sink behind a key, in their order, at most limit.
func (j *Journal) LinksOf(ctx context.Context, sink string, after document.Key, limit int) ([]Link, error) {
	return j.links(ctx, linksOf, sink, after.Entity, after.ID, limit)
}

// LinkedTo lists the entities that are tied to a record of a sink's target, at most
// limit.
func (j *Journal) LinkedTo(ctx context.Context, sink, target string, limit int) ([]Link, error) {
	return j.links(ctx, linkedTo, sink, target, limit)
}

// LinkedSinks lists the sinks that have links.
func (j *Journal) LinkedSinks(ctx context.Context) ([]string, error) {
	return list(ctx, j.read, "list the sinks with links", "SELECT DISTINCT sink FROM links ORDER BY sink", func(rows *sql.Rows) (s string, err error) {
		err = rows.Scan(&s)
		return s, err
	})
}

// SetLink stores links, all or none. A sink's word does not replace a person's.
func (j *Journal) SetLink(ctx context.Context, links ...Link) error {
	return j.change(ctx, "store links", func(tx *sql.Tx) error {
		for _, l := range links {
			origin, at := bySink, l.Time
			if l.Person {
				origin = byPerson
			}
			if at.IsZero() {
				at = time.Now()
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO links (sink, entity, key, target, origin, time) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (sink, entity, key) DO UPDATE SET target = excluded.target, origin = excluded.origin, time = excluded.time
				WHERE excluded.origin = 'person' OR origin <> 'person'`, l.Sink, l.Entity, l.ID, l.Target, origin, at.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteLink removes a link, whoever made it; ok is false when there was none.
func (j *Journal) DeleteLink(ctx context.Context, sink string, key document.Key) (ok bool, err error) {
	return j.deleteLink(ctx, "DELETE FROM links WHERE sink = ? AND entity = ? AND key = ?", sink, key.Entity, key.ID)
}

func (j *Journal) deleteLink(ctx context.Context, query string, args ...any) (ok bool, err error) {
	err = j.change(ctx, "remove a link", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n > 0
		return err
	})
	return ok, err
}

// ResetLinks removes all links of a sink that the sink found itself, and with persons
// those of persons too.
func (j *Journal) ResetLinks(ctx context.Context, sink string, persons bool) (n int64, err error) {
	err = j.change(ctx, "remove links", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM links WHERE sink = ? AND (? OR origin <> 'person')", sink, persons)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// SinkLinks are the links of one sink, as the sink itself sees them.
type SinkLinks struct {
	journal *Journal
	sink    string
}

// LinksFor returns the links of one sink.
func (j *Journal) LinksFor(sink string) SinkLinks { return SinkLinks{j, sink} }

// Link returns an entity's link; ok is false when it has none.
func (s SinkLinks) Link(ctx context.Context, key document.Key) (l Link, ok bool, err error) {
	return s.journal.Link(ctx, s.sink, key)
}

// Found remembers a record that the sink found or made. A person's link stays.
func (s SinkLinks) Found(ctx context.Context, key document.Key, target string) error {
	return s.journal.SetLink(ctx, Link{Sink: s.sink, Key: key, Target: target})
}

// Lost forgets what Found remembered. A person's link stays.
func (s SinkLinks) Lost(ctx context.Context, key document.Key) error {
	_, err := s.journal.deleteLink(ctx, "DELETE FROM links WHERE sink = ? AND entity = ? AND key = ? AND origin <> 'person'", s.sink, key.Entity, key.ID)
	return err
}

// LinkedTo lists the entities that are tied to a record of the sink's target, twenty at
// most.
func (s SinkLinks) LinkedTo(ctx context.Context, target string) ([]document.Key, error) {
	found, err := s.journal.LinkedTo(ctx, s.sink, target, 20)
	var keys []document.Key
	for _, l := range found {
		keys = append(keys, l.Key)
	}
	return keys, err
}
