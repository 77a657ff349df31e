package odoo

import (
	"context"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/transform/document"
)

// target is the record behind an entity, as a link writes it: "57" is the record of the
// model that the entity usually is (a category, a product.product), "template/57" is a
// product with variants.
type target struct {
	id       int64 // 0: none
	template bool
}

func (t target) String() string {
	if t.template {
		return "template/" + strconv.FormatInt(t.id, 10)
	}
	return strconv.FormatInt(t.id, 10)
}

// parseTarget reads what String writes; what a person has written otherwise is none.
func parseTarget(text string) target {
	number, template := strings.CutPrefix(strings.TrimSpace(text), "template/")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 {
		return target{}
	}
	return target{id, template}
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
	return parseTarget(l.Target), l.Person, nil
}

// remember keeps what was found or made, unless it is known already.
func (s *sink) remember(ctx context.Context, key document.Key, t, before target) error {
	if s.links == nil || t.id == 0 || t == before {
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
	s.mu.Lock()
	for _, name := range names {
		if id := s.seen[model][name]; id != 0 {
			out[name] = id
			continue
		}
		ask = append(ask, &record{xid: s.xid(name), item: &item{Delivery: &sinks.Delivery{}}})
	}
	s.mu.Unlock()
	if len(ask) == 0 {
		return out, nil
	}
	if err := s.load(ctx, model, ask, nil); err != nil {
		return nil, err
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

// saw remembers the record of an external id for as long as the sink is open.
func (s *sink) saw(model, name string, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]map[string]int64{}
	}
	if s.seen[model] == nil {
		s.seen[model] = map[string]int64{}
	}
	s.seen[model][name] = id
}

// unsee forgets records of a model: something was not there any more.
func (s *sink) unsee(model string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, model)
}
