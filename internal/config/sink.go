package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// defaultTimeout bounds one call of a sink: long enough for a busy ERP, short enough for a stop within 30 s.
const defaultTimeout = 30 * time.Second

// Bounds of rate: a call in a quarter of an hour, and more than any target takes.
const (
	leastRate = 0.001
	mostRate  = 100_000
)

// sinkName is what is safe in a metric label, on a command line and in the origin of an event.
var sinkName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// originNames are taken: the origin of an event is one of these or the name of a sink.
var originNames = []string{"shop", "snapshot", "sync", "reconcile"}

// Types holds for each type of sink a function that returns a pointer to a settings struct filled with its defaults. The
// keys of a sink's section that are not among those of Sink are decoded strictly over it; a Validate(*Section) method of
// it is called afterwards, also when there were mistakes.
type Types map[string]func() any

// Sink is one receiver of documents.
type Sink struct {
	Name     string        `yaml:"name"`
	Type     string        `yaml:"type"`
	Entities []string      `yaml:"entities"` // nil: everything the type takes
	Where    Where         `yaml:"where"`
	Release  Release       `yaml:"release"`
	Since    Moment        `yaml:"since"` // zero: the default of the sink's kind
	Start    Start         `yaml:"start"`
	Rate     float64       `yaml:"rate"`    // calls a second; 0: as many as the target takes
	Timeout  time.Duration `yaml:"timeout"` // of one call
	Settings any           `yaml:"-"`       // what Types made, filled
	Line     int           `yaml:"-"`       // where the section begins
}

// validator is implemented by settings with rules that types alone do not express.
type validator interface {
	Validate(*Section)
}

// patient is implemented by settings of a type whose target takes longer than most do.
type patient interface {
	DefaultTimeout() time.Duration
}

// UnmarshalConfig reads the keys every sink has and those of its type from one section.
func (k *Sink) UnmarshalConfig(v *Value) {
	k.Line, k.Timeout = v.line(), defaultTimeout
	if !v.IsSection() {
		v.Problem("must be a section with name, type and the settings of that type")
		return
	}
	targets := []reflect.Value{reflect.ValueOf(k).Elem()}
	if settings, ok := v.d.types[v.peek("type")]; ok {
		k.Settings = settings()
		targets = append(targets, reflect.ValueOf(k.Settings).Elem())
		if slow, ok := k.Settings.(patient); ok {
			k.Timeout = slow.DefaultTimeout()
		}
	}
	v.d.section(v.node, v.path, k.Settings == nil, targets...)
	s := &Section{v.d, v.path}
	k.check(s)
	if settings, ok := k.Settings.(validator); ok {
		settings.Validate(s)
	}
}

func (k *Sink) check(s *Section) {
	known := slices.Sorted(maps.Keys(s.d.types))
	s.require("name", k.Name, "give the sink a short name of its own, e.g. log")
	s.require("type", k.Type, "write one of: "+strings.Join(known, ", "))
	switch {
	case k.Name == "":
	case !sinkName.MatchString(k.Name):
		s.Problem("name", `%s must be up to 32 of the characters a-z, 0-9, "-" and "_", beginning with a letter or digit, e.g. log`, s.Quote("name"))
	case slices.Contains(originNames, k.Name):
		s.Problem("name", "%s has a meaning of its own in events; choose another name", s.Quote("name"))
	}
	if k.Type != "" && k.Settings == nil {
		if laterTypes[k.Type] {
			s.Problem("type", "%s is not available in this version; write one of: %s", s.Quote("type"), strings.Join(known, ", "))
		}
		s.Problem("type", "unknown sink type %s%s", s.Quote("type"), instead(s.written("type"), known))
	}
	if s.Has("entities") && len(k.Entities) == 0 {
		s.Problem("entities", "is empty, the sink would get nothing; name entities, or remove the line to get all")
	}
	for i, entity := range k.Entities {
		key := index("entities", i)
		if !slices.Contains(entities, entity) {
			s.Problem(key, "unknown entity %s%s", s.Quote(key), instead(s.written(key), entities))
		} else if slices.Index(k.Entities, entity) < i {
			s.Problem(key, "%s is in the list twice; keep one", s.Quote(key))
		}
	}
	var takes []string
	if s.Has("entities") && !s.d.refused(s.at("entities")) {
		takes = k.Entities
	}
	k.Where.check(s.child("where"), takes)
	if s.Has("rate") && (k.Rate < leastRate || k.Rate > mostRate) {
		s.Problem("rate", "%s must be calls a second from %g to %d, e.g. 2 or 0.5; remove the line for no limit", s.Quote("rate"), leastRate, mostRate)
	}
	if k.Timeout == 0 {
		s.Problem("timeout", "must be longer than 0s, e.g. 30s")
	}
}

// checkSinks finds what is wrong between the sinks.
func checkSinks(sinks []Sink, s *Section) {
	if len(sinks) == 0 {
		s.Problem("", "missing; at least one sink is needed, e.g. - {name: log, type: file, path: /var/log/octail/events.jsonl}")
	}
	lines := map[string]int{}
	for i, k := range sinks {
		at := s.child(index("", i))
		if first, ok := lines[k.Name]; ok && k.Name != "" {
			at.Problem("name", "%s is already the name of the sink on line %d; choose another name", at.Quote("name"), first)
			continue
		}
		lines[k.Name] = k.Line
	}
}
