package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxQuote bounds how much of a value a message repeats.
const maxQuote = 60

// Section is a section of the file as its Validate method sees it. Keys are those below the section, "path" or
// "mappings.status" or "entities[2]"; "" is the section itself.
type Section struct {
	d    *decoder
	path string
}

// Problem reports a mistake at the line of the key, or of the section when the file does not have the key. The message
// continues the key's name: "must be ...; write ...". It is dropped when the value was refused already, so Validate need
// not care that such a field holds its default. The message must not contain a value that may come from outside the
// file: use Quote.
func (s *Section) Problem(key, format string, args ...any) {
	path := s.at(key)
	if s.d.refused(path) {
		return
	}
	s.d.refuse(path, format, args...)
}

// Warn reports something at the line of the key that works but should not stay as it is.
func (s *Section) Warn(key, format string, args ...any) {
	s.d.warn(s.at(key), format, args...)
}

// Has tells whether the file has the key, with a good value or not.
func (s *Section) Has(key string) bool {
	_, ok := s.d.lines[s.at(key)]
	return ok
}

// Line returns the line of the key, or of the section when the file does not have the key.
func (s *Section) Line(key string) int { return s.d.line(s.at(key)) }

// Quote returns the value of the key as the file has it, before anything was expanded, for messages. It gives away no
// secret.
func (s *Section) Quote(key string) string {
	text, ok := s.d.written[s.at(key)]
	switch {
	case !ok, strings.Contains(text, "@"): // user:password@host in a place where it does not belong
		return "the value"
	case len(text) > maxQuote:
		return strconv.Quote(strings.ToValidUTF8(text[:maxQuote], "")) + "..."
	}
	return strconv.Quote(text)
}

func (s *Section) child(key string) *Section { return &Section{s.d, s.at(key)} }

func (s *Section) at(key string) string { return join(s.path, key) }

func (s *Section) written(key string) string { return s.d.written[s.at(key)] }

// require reports a value that is left out or empty.
func (s *Section) require(key, value, remedy string) {
	if value == "" {
		s.Problem(key, "missing; %s", remedy)
	}
}

// oneOf reports a value that is not among the known ones.
func (s *Section) oneOf(key, value string, known ...string) {
	if !slices.Contains(known, value) {
		s.Problem(key, "%s is not possible%s; write %s", s.Quote(key), meant(s.written(key), known), alternatives(known))
	}
}

func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "one of: " + strings.Join(words, ", ")
}

// join appends a key to a path; a key in brackets is an index.
func join(path, key string) string {
	if path == "" || key == "" || strings.HasPrefix(key, "[") {
		return path + key
	}
	return path + "." + key
}

func index(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
