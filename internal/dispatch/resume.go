package dispatch

import (
	"context"
	"errors"
	"fmt"

	"octail/internal/journal"
	"octail/sinks"
)

// ErrForeign: the sink's target holds events of another shop.
var ErrForeign = errors.New("the target holds events of another shop")

// locate asks the target what it holds, when that is not known, and goes on from
// there.
func (l *Lane) locate(ctx context.Context) (err error) {
	if !l.log.unknown {
		return nil
	}
	held, any, err := l.held(ctx)
	if err == nil && any {
		err = l.resume(ctx, held)
	}
	if err != nil {
		l.forget()
		return err
	}
	l.log.unknown = false
	return nil
}

func (l *Lane) held(ctx context.Context) (held sinks.Held, any bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	defer l.caught("resume", nil, &err)
	return l.cfg.Sink.(sinks.Resumer).Resume(bounded)
}

// forget goes back to the stored place: what came after it may be lost. The
// target will tell.
func (l *Lane) forget() {
	l.moveOn(l.log.stored)
	l.log.unknown = l.resumes()
}

// resume compares what the target holds with the journal.
func (l *Lane) resume(ctx context.Context, held sinks.Held) error {
	if source := "octail://" + l.cfg.Shop; held.Source != source {
		return sinks.Mark(sinks.Blocked, fmt.Errorf("%w: %s, and this one is %s. Give the sink another path, or set shop.name back", ErrForeign, held.Source, source))
	}
	same, err := l.wrote(ctx, held)
	if err != nil {
		return err
	}
	switch {
	case same && held.Moved:
		l.moveOn(place{max(l.log.at.cursor, held.Sequence), max(l.log.at.taken, held.Sequence)})
	case same && held.Sequence >= l.log.at.taken:
		// All that it was given is there. The cursor may be further, behind events
		// that are not for this sink.
		l.moveOn(place{max(l.log.at.cursor, held.Sequence), held.Sequence})
	case same: // it has lost what came behind
		l.cfg.Log.Warn("the target has lost events at its end: they are delivered again", "sink", l.cfg.Name, "held_seq", held.Sequence, "taken_seq", l.log.at.taken)
		l.setBack(ctx, place{held.Sequence, held.Sequence})
	case held.Moved: // another journal's: it says nothing of ours
	default:
		return l.takeBirth(ctx, held)
	}
	return nil
}

func (l *Lane) takeBirth(ctx context.Context, held sinks.Held) error {
	if held == l.log.foreign { // seen before; nothing of ours has come behind it yet
		return nil
	}
	birth, err := l.cfg.Journal.TakeBirth(ctx)
	if err != nil {
		return err
	}
	l.log.foreign = held
	l.cfg.Log.Warn("the target holds events of another journal of this shop (journal lost or restored?): new events get a birth mark and follow behind",
		"sink", l.cfg.Name, "held_seq", held.Sequence, "journal_seq", l.cfg.Journal.Last(), "birth", birth)
	return nil
}

// wrote reports whether the journal has the event the target holds.
func (l *Lane) wrote(ctx context.Context, held sinks.Held) (bool, error) {
	if held.Sequence > l.cfg.Journal.Last() {
		return false, nil
	}
	e, err := l.cfg.Journal.Event(ctx, held.Sequence)
	if errors.Is(err, journal.ErrNoEvent) { // older than retention: then the marks decide
		return held.Birth() == l.cfg.Journal.Birth(), nil
	}
	if err != nil {
		return false, err
	}
	return e.EventID() == held.ID, nil
}

// warnOfRemoved says when revisions that this sink has not had are gone: it was
// not in the configuration for longer than journal.retention.
func (l *Lane) warnOfRemoved(ctx context.Context) error {
	removed, err := l.cfg.Journal.Removed(ctx)
	if err != nil {
		return err
	}
	if l.log.at.cursor < removed && l.log.at.cursor < l.cfg.Journal.Last() {
		l.cfg.Log.Warn("old revisions have left the journal before this sink took them: it gets those that are still there, the newest of every entity among them",
			"sink", l.cfg.Name, "from_seq", l.log.at.cursor, "removed_seq", removed)
	}
	return nil
}
