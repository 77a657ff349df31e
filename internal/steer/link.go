package steer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"octail/internal/journal"
	"octail/transform/document"
)

// Linked is the answer to Link and Unlink.
type Linked struct {
	Sink    string   `json:"sink"`
	Subject string   `json:"subject"`
	Target  string   `json:"target,omitempty"` // "" after Unlink
	Before  string   `json:"before,omitempty"` // what it was linked to
	Person  bool     `json:"person,omitempty"` // who had linked it before: a person, or the sink itself
	Others  []string `json:"others,omitempty"` // other entities of the kind that are linked to the same record
	Known   bool     `json:"known"`            // the journal has the entity
	Parked  int64    `json:"parked"`           // entities that waited and are tried at once
	Dead    int64    `json:"dead"`             // dead letters of it in the sink
	Log     bool     `json:"log,omitempty"`    // the sink writes a log and looks at no link
	Running bool     `json:"running"`          // the agent runs
}

// targetAtMost is how long a record's id may be, in bytes.
const targetAtMost = 255

func checkTarget(target string) error {
	switch {
	case target == "" || strings.TrimSpace(target) != target:
		return mistake("the id of the target's record is empty, or begins or ends with a space")
	case len(target) > targetAtMost || strings.ContainsFunc(target, unicode.IsControl):
		return mistake("%q is no id of a record: it is too long or has control characters", Line(target, 40))
	}
	return nil
}

func subject(text string) (document.Key, error) {
	k, err := document.ParseKey(text)
	if err != nil || k.ID <= 0 {
		return k, mistake("%q is no entity: write it as product/42, with one of %s", text, strings.Join(document.Entities, ", "))
	}
	return k, nil
}

// Link ties an entity to a record that a sink's target has already: from then on that
// record is its own, whatever the sink finds. What waits for it is tried at once.
func (d *Desk) Link(ctx context.Context, sink, text, target string) (Linked, error) {
	if err := d.configured(sink); err != nil {
		return Linked{}, err
	}
	if err := checkTarget(target); err != nil {
		return Linked{}, err
	}
	l, key, err := d.linked(ctx, sink, text)
	if err != nil {
		return l, err
	}
	l.Target, l.Log = target, slices.Contains(d.Logs, sink)
	if err := d.Journal.SetLink(ctx, journal.Link{Sink: sink, Key: key, Target: target, Person: true}); err != nil {
		return l, err
	}
	same, err := d.Journal.LinkedTo(ctx, sink, target, 20)
	if err != nil {
		return l, err
	}
	for _, o := range same {
		if o.Key != key && o.Entity == key.Entity {
			l.Others = append(l.Others, o.Key.String())
		}
	}
	l.Parked, err = d.Journal.Hasten(ctx, sink, key)
	d.wake(sink)
	return l, err
}

// Unlink forgets what an entity was linked to, whoever had linked it.
func (d *Desk) Unlink(ctx context.Context, sink, text string) (Linked, error) {
	if err := d.known(ctx, sink); err != nil {
		return Linked{}, err
	}
	l, key, err := d.linked(ctx, sink, text)
	if err != nil {
		return l, err
	}
	if _, err := d.Journal.DeleteLink(ctx, sink, key); err != nil {
		return l, err
	}
	d.wake(sink)
	return l, nil
}

// linked is what is known before.
func (d *Desk) linked(ctx context.Context, sink, text string) (Linked, document.Key, error) {
	l := Linked{Sink: sink, Running: d.Lane != nil}
	key, err := subject(text)
	if err != nil {
		return l, key, err
	}
	l.Subject = key.String()
	before, _, err := d.Journal.Link(ctx, sink, key)
	if err != nil {
		return l, key, err
	}
	l.Before, l.Person = before.Target, before.Person
	known, err := d.Journal.Known(ctx, key.Entity, []int64{key.ID})
	if err != nil {
		return l, key, err
	}
	l.Known = known[key.ID].Revision > 0
	dead, err := d.Journal.DeadLetters(ctx, journal.DeadFilter{Sink: sink, Key: key}, 100)
	l.Dead = int64(len(dead))
	return l, key, err
}

// Text says it to people.
func (l Linked) Text() string {
	if l.Target == "" {
		if l.Before == "" {
			return fmt.Sprintf("%s was not linked in %s.", l.Subject, l.Sink)
		}
		return fmt.Sprintf("%s is not linked to %s of %s any more. At its next delivery the sink looks for its record itself.", l.Subject, l.Before, l.Sink)
	}
	text := fmt.Sprintf("%s is the record %s of %s from now on", l.Subject, l.Target, l.Sink)
	switch {
	case l.Before == l.Target && l.Person:
		text = fmt.Sprintf("%s was linked to the record %s of %s already", l.Subject, l.Target, l.Sink)
	case l.Before == l.Target:
		text += ", as the sink had found itself"
	case l.Before != "":
		text += " (it was " + l.Before + ")"
	}
	text += "."
	if l.Log {
		text += fmt.Sprintf(" But %s writes a log and has no records: nothing comes of it there. Is it the right sink?", l.Sink)
	}
	if !l.Known {
		text += fmt.Sprintf(" The journal has no %s yet.", l.Subject)
	}
	if len(l.Others) > 0 {
		text += fmt.Sprintf(" Linked to the same record: %s. If that is a mistake: `octail unlink %s %s`.", strings.Join(l.Others, ", "), l.Sink, l.Others[0])
	}
	if l.Parked > 0 {
		text += " " + count(l.Parked, "entity that waited is", "entities that waited are") + " tried now."
	}
	if l.Dead > 0 {
		text += fmt.Sprintf(" It has %s: `octail dead retry --sink %s --entity %s` tries once more.", count(l.Dead, "dead letter", "dead letters"), l.Sink, l.Subject)
	}
	if !l.Running {
		text += " The agent is not running: this holds from its next start on."
	}
	return text
}
