package shop

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"sync"
	"time"

	"octail/canal"
)

// settledAfter is how long after its place in the binlog a change may still be
// invisible to others: up to 58 ms were seen on MyISAM, 7 ms on InnoDB.
const settledAfter = time.Second

// sighting is a place that the server's log had reached by a moment.
type sighting struct {
	at       time.Time
	position canal.Position // file and offset alone
}

// sightings are the newest sighting and one that is at least settledAfter older than
// the next read: what stood in the log then is visible now. They are of one log:
// another server, or a log that goes backwards, makes all of them void.
type sightings struct {
	mu          sync.Mutex
	recent, old sighting
}

// settled reports whether the log held everything up to after already settledAfter
// before now. look asks for the log's present end, at most once in settledAfter.
func (s *sightings) settled(now time.Time, after canal.Position, look func() (sighting, error)) (bool, error) {
	s.mu.Lock() // over the look too: what forget finds is all there is of the log before
	defer s.mu.Unlock()
	if s.recent.at.IsZero() || now.Sub(s.recent.at) >= settledAfter {
		seen, err := look()
		if err != nil {
			return false, err
		}
		s.old = s.recent
		if seen.position.File == "" || s.old.position.File == "" || !seen.position.AtOrAfter(s.old.position.File, s.old.position.Offset) {
			s.old = sighting{}
		}
		s.recent = seen
	}
	return s.old.position.File != "" && after.File != "" && s.old.position.AtOrAfter(after.File, after.Offset), nil
}

func (s *sightings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent, s.old = sighting{}, sighting{}
}

// Forget drops what is known of the server's log. It has to be called when the log
// was found to have a hole: it may be another one.
func (s *Shop) Forget() { s.sightings.forget() }

// settled reports whether everything up to after stood in the log of the server at
// conn already settledAfter ago.
func (s *Shop) settled(ctx context.Context, conn *sql.Conn, after canal.Position) (bool, error) {
	now := time.Now()
	var id uint32
	if err := conn.QueryRowContext(ctx, "SELECT @@server_id").Scan(&id); err != nil {
		return false, err
	}
	if id != s.server.Load().ServerID { // its files have nothing to do with the others'
		s.sightings.forget()
		return false, nil
	}
	return s.sightings.settled(now, after, func() (sighting, error) {
		position, err := logEnd(ctx, conn, *s.server.Load())
		return sighting{time.Now(), position}, err
	})
}

// logEnd is where the server's log ends; the zero Position when it has none.
func logEnd(ctx context.Context, conn *sql.Conn, server canal.Server) (p canal.Position, err error) {
	row, err := canal.LogStatus(ctx, conn, server)
	if err != nil || row["File"] == "" {
		return p, err
	}
	if p.Offset, err = strconv.ParseUint(row["Position"], 10, 64); err != nil {
		return p, fmt.Errorf("the log's end %q: %w", row["Position"], err)
	}
	p.File = row["File"]
	return p, nil
}
