package steer

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"octail/internal/journal"
	"octail/transform/document"
)

// header is the first line of a file of links.
var header = []string{"sink", "entity", "key", "target"}

// Export writes the links of a sink, or of all ("") , as CSV: sink, entity, key, target.
// A cell that a spreadsheet would take for a formula gets a ' in front.
func (d *Desk) Export(ctx context.Context, w io.Writer, sink string) (n int64, err error) {
	names := []string{sink}
	if sink == "" {
		if names, err = d.Journal.LinkedSinks(ctx); err != nil {
			return 0, err
		}
	} else if err := d.known(ctx, sink); err != nil {
		return 0, err
	}
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return 0, fmt.Errorf("write links: %w", err)
	}
	for _, name := range names {
		for after := (document.Key{}); ; {
			page, err := d.Journal.LinksOf(ctx, name, after, 1000)
			if err != nil {
				return n, err
			}
			if len(page) == 0 {
				break
			}
			for _, l := range page {
				if err := out.Write([]string{escape(l.Sink), l.Entity, strconv.FormatInt(l.ID, 10), escape(l.Target)}); err != nil {
					return n, fmt.Errorf("write links: %w", err)
				}
				n++
				after = l.Key
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return n, fmt.Errorf("write links: %w", err)
	}
	return n, nil
}

// formula are the first characters that make a spreadsheet calculate.
const formula = "=+-@\t\r"

// escape puts a ' before what would be a formula, and before what unescape would change.
func escape(cell string) string {
	if cell != "" && strings.ContainsRune(formula, rune(cell[0])) || unescape(cell) != cell {
		return "'" + cell
	}
	return cell
}

// unescape undoes exactly that.
func unescape(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formula+"'", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// Imported is the answer to Import.
type Imported struct {
	Links   int64            `json:"links"`  // lines
	New     map[string]int64 `json:"new"`    // by sink
	Other   int64            `json:"other"`  // were linked to something else before
	Same    int64            `json:"same"`   // are as they were
	Parked  int64            `json:"parked"` // entities that waited and are tried at once
	Running bool             `json:"running"`
}

// mistakesAtMost bounds how many wrong lines one answer names.
const mistakesAtMost = 20

// Import reads links as Export writes them and stores them as a person's: all of them, or
// none and a *Mistake that names each wrong line. With a sink, each line has to be for it.
func (d *Desk) Import(ctx context.Context, r io.Reader, sink string) (Imported, error) {
	in := Imported{New: map[string]int64{}, Running: d.Lane != nil}
	if sink != "" {
		if err := d.configured(sink); err != nil {
			return in, err
		}
	}
	links, err := d.readLinks(r, sink)
	if err != nil {
		return in, err
	}
	in.Links = int64(len(links))
	var fresh []journal.Link
	for _, l := range links {
		before, ok, err := d.Journal.Link(ctx, l.Sink, l.Key)
		switch {
		case err != nil:
			return in, err
		case ok && before.Target == l.Target: // who has linked it stays, too
			in.Same++
			continue
		case ok:
			in.Other++
		default:
			in.New[l.Sink]++
		}
		fresh = append(fresh, l)
	}
	if err := d.Journal.SetLink(ctx, fresh...); err != nil {
		return in, err
	}
	var touched []string
	for _, l := range fresh {
		if !slices.Contains(touched, l.Sink) {
			touched = append(touched, l.Sink)
		}
	}
	for _, s := range touched {
		if err := d.Journal.MakeDue(ctx, s, true); err != nil {
			return in, err
		}
		n, err := d.Journal.CountParked(ctx, s)
		if err != nil {
			return in, err
		}
		in.Parked += n
		d.wake(s)
	}
	return in, nil
}

// readLinks reads all lines, or says what is wrong with each.
func (d *Desk) readLinks(r io.Reader, sink string) ([]journal.Link, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	var links []journal.Link
	var wrong []string
	lines := map[string]int{} // of what was named before
	first := true
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			wrong = append(wrong, fmt.Sprintf("line %d: %v", syntax.Line, syntax.Err))
			break // what follows cannot be told apart
		}
		if err != nil {
			return nil, fmt.Errorf("read links: %w", err)
		}
		line, _ := in.FieldPos(0)
		if first {
			first = false
			row[0] = strings.TrimPrefix(row[0], "\uFEFF") // spreadsheets begin a file with it
			if !slices.Equal(row, header) {
				return nil, mistake("line %d: the first line has to be %s (with commas)", line, strings.Join(header, ","))
			}
			continue
		}
		l, err := d.readLink(row, sink)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("line %d: %v", line, err))
			continue
		}
		name := l.Sink + " " + l.Key.String()
		if before, ok := lines[name]; ok {
			wrong = append(wrong, fmt.Sprintf("line %d: %s of sink %s is in line %d already", line, l.Key, l.Sink, before))
			continue
		}
		lines[name] = line
		links = append(links, l)
	}
	switch {
	case first && len(wrong) == 0:
		return nil, mistake("the file is empty: its first line has to be %s", strings.Join(header, ","))
	case len(wrong) > mistakesAtMost:
		wrong = append(wrong[:mistakesAtMost], fmt.Sprintf("and %d more", len(wrong)-mistakesAtMost))
	}
	if len(wrong) > 0 {
		return nil, mistake("nothing was imported:\n  %s", strings.Join(wrong, "\n  "))
	}
	return links, nil
}

func (d *Desk) readLink(row []string, sink string) (l journal.Link, err error) {
	if len(row) != len(header) {
		return l, fmt.Errorf("it has %s, not %d", count(int64(len(row)), "cell", "cells"), len(header))
	}
	l = journal.Link{Sink: unescape(row[0]), Target: unescape(row[3]), Person: true}
	if sink != "" && l.Sink != sink {
		return l, fmt.Errorf("it is for sink %q, not for %s", l.Sink, sink)
	}
	if err := d.configured(l.Sink); err != nil {
		return l, err
	}
	if l.Key, err = subject(row[1] + "/" + row[2]); err != nil {
		return l, err
	}
	return l, checkTarget(l.Target)
}

// Text says it to people.
func (i Imported) Text() string {
	var fresh int64
	for _, n := range i.New {
		fresh += n
	}
	text := fmt.Sprintf("%s read: %d new, %d changed, %d as before.", count(i.Links, "link", "links"), fresh, i.Other, i.Same)
	if i.Parked > 0 {
		text += " " + count(i.Parked, "entity that waited is", "entities that waited are") + " tried now."
	}
	if !i.Running {
		text += " The agent is not running: this holds from its next start on."
	}
	return text
}

// Reset is the answer to Desk.Reset.
type Reset struct {
	Sink    string `json:"sink"`
	Links   int64  `json:"links"` // forgotten
	Kept    bool   `json:"kept"`  // those of persons stayed
	Running bool   `json:"running"`
}

// Reset forgets what a sink found or made in its target, and with persons what persons
// tied too; a running sink forgets with it what it keeps in memory. It delivers nothing.
func (d *Desk) Reset(ctx context.Context, sink string, persons bool) (Reset, error) {
	r := Reset{Sink: sink, Kept: !persons, Running: d.Lane != nil}
	if err := d.known(ctx, sink); err != nil {
		return r, err
	}
	forget := func() (err error) {
		r.Links, err = d.Journal.ResetLinks(ctx, sink, persons)
		return err
	}
	if l := d.lane(sink); l != nil { // one that runs would write down again what it remembers
		return r, l.Renew(ctx, forget)
	}
	return r, forget()
}

// Text says it to people.
func (r Reset) Text() string {
	text := fmt.Sprintf("%s of %s forgotten", count(r.Links, "link", "links"), r.Sink)
	if r.Kept {
		text += "; those that persons tied stay (--persons)"
	}
	return text + fmt.Sprintf(". At its next delivery the sink looks for each record again. To deliver again what did not change: octail sync order --sink %s --force", r.Sink)
}
