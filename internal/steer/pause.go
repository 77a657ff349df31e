package steer

import (
	"context"
	"fmt"
	"time"

	"octail/internal/journal"
)

// Paused is the answer to Pause and Resume.
type Paused struct {
	Sink    string `json:"sink"`
	Paused  bool   `json:"paused"`
	Before  bool   `json:"before"`            // whether it was paused before
	Stopped string `json:"stopped,omitempty"` // why its lane had stopped itself
	Parked  int64  `json:"parked"`            // entities that wait alone
	Running bool   `json:"running"`           // the agent runs
}

// Pause stops deliveries to a sink until Resume, over restarts of the agent.
func (d *Desk) Pause(ctx context.Context, sink string) (Paused, error) {
	return d.setPaused(ctx, sink, true)
}

// Resume goes on with deliveries to a sink: it ends a pause, also a stop of the lane's
// own, and tries what is parked at once.
func (d *Desk) Resume(ctx context.Context, sink string) (Paused, error) {
	return d.setPaused(ctx, sink, false)
}

func (d *Desk) setPaused(ctx context.Context, sink string, paused bool) (Paused, error) {
	p := Paused{Sink: sink, Paused: paused, Running: d.Lane != nil}
	if err := d.configured(sink); err != nil {
		return p, err
	}
	record, ok, err := d.Journal.Sink(ctx, sink)
	if err != nil {
		return p, err
	}
	if !ok {
		return p, mistake("the agent has never run with sink %s: start it first", sink)
	}
	p.Before, p.Stopped = record.Paused, record.Stopped
	if p.Parked, err = d.Journal.CountParked(ctx, sink); err != nil {
		return p, err
	}
	if l := d.lane(sink); l != nil {
		if paused {
			return p, l.Pause(ctx)
		}
		return p, l.Resume(ctx)
	}
	return p, d.keepPaused(ctx, record, paused)
}

// keepPaused leaves it to the next agent.
func (d *Desk) keepPaused(ctx context.Context, record journal.Sink, paused bool) error {
	switch {
	case paused && !record.Paused:
		record.Paused, record.Since = true, time.Now()
	case !paused:
		record.Paused, record.Stopped, record.Error, record.Since, record.Attempts, record.Refused, record.Next = false, "", "", time.Time{}, 0, 0, time.Time{}
		if err := d.Journal.MakeDue(ctx, record.Name, true); err != nil {
			return err
		}
	}
	return d.Journal.KeepSink(ctx, record)
}

// Text says it to people.
func (p Paused) Text() string {
	text := ""
	switch {
	case p.Paused && p.Before:
		text = fmt.Sprintf("%s was paused already, and stays so until `octail resume %s`.", p.Sink, p.Sink)
	case p.Paused:
		text = fmt.Sprintf("%s is paused: nothing is delivered to it, also after a restart, until `octail resume %s`. What changes meanwhile waits in the journal.", p.Sink, p.Sink)
	case p.Stopped == journal.StoppedFull:
		text = fmt.Sprintf("%s goes on. It had been stopped because it kept the journal beyond journal.max_bytes. It is given what the journal still has: the newest revision of every entity, and not each in between that has left the journal meanwhile.", p.Sink)
	case p.Before:
		text = fmt.Sprintf("%s goes on.", p.Sink)
	case p.Stopped != "":
		text = fmt.Sprintf("%s goes on. It had stopped itself: %s.", p.Sink, p.Stopped)
	case !p.Running:
		return fmt.Sprintf("%s was not paused. The agent is not running: what waits is tried after its next start.", p.Sink)
	default:
		text = fmt.Sprintf("%s was not paused; should it wait to try again, it tries now.", p.Sink)
	}
	if !p.Paused && p.Parked > 0 {
		text += " " + count(p.Parked, "entity that waited alone is", "entities that waited alone are") + " tried at once."
	}
	if !p.Running {
		text += " The agent is not running: this holds from its next start on."
	}
	return text
}
