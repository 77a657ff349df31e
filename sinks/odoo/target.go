package odoo

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/transform/document"
)

// target is the record behind an entity, as a link writes it: "57" is a category or a
// product.product, "template/57" a product.template with variants, "product/57" a
// product.product that was in Odoo before the shop's product came. A person may write
// each of them; all that a person names is foreign.
type target struct {
	id       int64 // 0: none
	template bool
	foreign  bool // it has no external id of ours, and is written by its id
}

func (t target) String() string {
	id := strconv.FormatInt(t.id, 10)
	switch {
	case t.template:
		return "template/" + id
	case t.foreign:
		return "product/" + id
	}
	return id
}

// parseTarget reads what String writes; what a person has written otherwise is none.
func parseTarget(text string) target {
	kind, number, found := strings.Cut(strings.TrimSpace(text), "/")
	if !found {
		kind, number = "", kind
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 {
		return target{}
	}
	return target{id: id, template: kind == "template", foreign: kind == "product"}
}

// linked is what is known of an entity's record; person: it was named by hand.
func (s *sink) linked(ctx context.Context, key document.Key) (t target, person bool, err error) {
	if s.links == nil {
		return target{}, false, nil
	}
	l, ok, err := s.links.Link(ctx, key)
	if err != nil || !ok {
		return target{}, false, err
	}
	if t = parseTarget(l.Target); l.Person {
		if t.id == 0 {
			return t, true, sinks.Mark(sinks.Permanent, fmt.Errorf("%s is linked with something that is no id of Odoo: octail link it with the number of a record, or with template/ and the number of a product template", key))
		}
		t.foreign = true
	}
	return t, l.Person, nil
}

// remember keeps what was found or made, unless it is known already.
func (s *sink) remember(ctx context.Context, key document.Key, t, before target) error {
	if s.links == nil || t.id == 0 || t.String() == before.String() {
		return nil
	}
	return s.links.Found(ctx, key, t.String())
}

// probe asks which external ids are in Odoo, and the ids of their records; those that
// are not are missing in the answer. It changes nothing: a row with the external id alone
// cannot be created, since every model asked for has a field that is required.
func (s *sink) probe(ctx context.Context, model string, names []string) (map[string]int64, error) {
	out := map[string]int64{}
	var ask []*record
	for _, name := range names {
		if id := s.met(model, name); id != 0 {
			out[name] = id
			continue
		}
		ask = append(ask, &record{xid: s.xid(name)})
	}
	if len(ask) == 0 {
		return out, nil
	}
	// Not by load, which tries what was refused once more, each for itself.
	l := &loading{s: s, model: model, columns: ask[0].columns(), context: quiet}
	refused, err := l.try(ctx, ask)
	if err != nil {
		return nil, err
	}
	if there := keepers(ask, refused); len(refused) > 0 && len(there) > 0 {
		if err := s.load(ctx, model, there, nil); err != nil {
			return nil, err
		}
	} else if refused != nil && len(refused) == 0 {
		if err := s.load(ctx, model, ask, nil); err != nil {
			return nil, err
		}
	}
	for _, r := range ask {
		if r.id != 0 {
			name := strings.TrimPrefix(r.xid, s.prefix+".")
			out[name] = r.id
			s.saw(model, name, r.id)
		}
	}
	return out, nil
}

// keepers are the records that were not refused.
func keepers(records []*record, refused map[int]bool) []*record {
	var out []*record
	for i, r := range records {
		if !refused[i] {
			out = append(out, r)
		}
	}
	return out
}

// met is the record of an external id that saw remembers; 0: nobody knows.
func (s *sink) met(model, name string) int64 {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.memory.seen[model][name]
}

// saw remembers the record of an external id for as long as the sink is open.
func (s *sink) saw(model, name string, id int64) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.seen == nil {
		s.memory.seen = map[string]map[string]int64{}
	}
	if s.memory.seen[model] == nil {
		s.memory.seen[model] = map[string]int64{}
	}
	s.memory.seen[model][name] = id
}

// unsee forgets records of a model: something was not there any more.
func (s *sink) unsee(model string) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	delete(s.memory.seen, model)
}
