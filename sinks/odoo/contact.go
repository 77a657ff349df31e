package odoo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"octail/sinks"
	"octail/transform/document"
)

const partnerModel = "res.partner"

// party is somebody who is to be a contact: a registered customer, or who placed an
// order without being one.
type party struct {
	item    *item
	name    string       // of the external id: c_7, g_12
	key     document.Key // customer/7; of a guest the zero Key: only the order is linked
	person  person
	book    []*document.Address // the address book, as contacts below it; nil: none, or not known
	unbook  []*document.Address // what was in it before
	left    *document.Named     // the group he was in before; nil: the same, or nobody knows
	created bool                // it is not in Odoo, unless this is a repetition
	revived bool                // the shop had deleted it before
	renewed bool                // a guest whose order is there, and who is called otherwise now

	contact contact
	tied    bool     // to it, by `octail link`
	is      *current // of a contact that octail did not make: what it says
	row     *record
}

// person is what a contact says.
type person struct {
	name, email, phone, company, vat, language string
	address                                    *document.Address // nil: none
	group                                      document.Named
}

// contact is a record of res.partner.
type contact struct {
	id  int64 // 0: there is none yet
	own bool  // octail made it. Else it is a person's, adopted or tied by `octail link`
}

// partners are what octail knows of Odoo's contacts. It may be forgotten at any time: all
// of it is found again.
type partners struct {
	mu      sync.Mutex
	known   map[string]spot  // by name: c_7, g_12
	holders map[int64]string // by id of a contact that is not octail's: who has it, c_7
	places  map[string]spot  // by name: a_7_...
}

// spot is where something is, and when that was last seen.
type spot struct {
	contact
	says string // digest of what was written; "": nobody knows
	seen time.Time
}

// mostContacts is how many are kept in memory, then it begins anew. spotAge is how long
// nobody looks whether one is still there: persons merge contacts.
const (
	mostContacts = 20000
	spotAge      = 10 * time.Minute
)

// get is where somebody is; fresh: it was there a moment ago.
func (c *partners) get(name string) (is contact, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.known[name]
	return at.contact, time.Since(at.seen) < spotAge
}

func (c *partners) put(name string, is contact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= mostContacts {
		c.known, c.holders = map[string]spot{}, map[int64]string{}
	}
	c.known[name] = spot{contact: is, seen: time.Now()}
	if !is.own && strings.HasPrefix(name, customerPrefix) {
		c.holders[is.id] = name
	}
}

func (c *partners) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.holders, c.known[name].id)
	delete(c.known, name)
}

func (c *partners) holder(id int64) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.holders[id]
}

// place is where an address is, with the id 0 when nobody knows.
func (c *partners) place(name string) (is spot, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	is = c.places[name]
	return is, time.Since(is.seen) < spotAge
}

func (c *partners) putPlace(name string, is spot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.places == nil || len(c.places) >= 2*mostContacts {
		c.places = map[string]spot{}
	}
	is.seen = time.Now()
	c.places[name] = is
}

func (c *partners) dropPlace(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.places, name)
}

// forgetContacts makes all contacts be asked for again.
func (s *sink) forgetContacts() {
	s.contacts.mu.Lock()
	defer s.contacts.mu.Unlock()
	s.contacts.known, s.contacts.holders, s.contacts.places = nil, nil, nil
}

// rememberContact keeps where a party is.
func (s *sink) rememberContact(ctx context.Context, p *party, is contact) error {
	p.contact = is
	s.contacts.put(p.name, is)
	if s.links == nil || p.key == (document.Key{}) {
		return nil
	}
	if err := s.links.Found(ctx, p.key, is.link()); err != nil {
		return fmt.Errorf("remember the contact of %s: %w", p.key, err)
	}
	return nil
}

// digest is a short name of texts.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// says is the digest of a record's cells.
func says(r *record) string {
	var texts []string
	for column, v := range r.cells {
		texts = append(texts, column+"="+v)
	}
	slices.Sort(texts)
	return digest(texts...)
}

// oneLine is text of the shop as a field of one line: without line breaks and what no
// text may hold.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }), " ")
}

// fullName of a person; "" when there is none.
func fullName(first, last string) string { return oneLine(first + " " + last) }

// calledBy is the name a contact needs, whatever the shop has of it.
func calledBy(name, company, email, otherwise string) string {
	for _, n := range []string{name, company, email} {
		if n = oneLine(n); n != "" {
			return n
		}
	}
	return otherwise
}

// gone says that a person's link leads nowhere.
func gone(key document.Key, id int64) error {
	return sinks.Mark(sinks.Permanent, fmt.Errorf("%s is linked to contact %d, which Odoo does not have; tie it to another (octail link) or untie it (octail unlink)", key, id))
}
