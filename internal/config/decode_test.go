package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// everyType has a field of each type a settings struct may have.
type everyType struct {
	Text    string              `yaml:"text"`
	Mode    mode                `yaml:"mode"`
	Secret  Secret              `yaml:"secret"`
	Secrets []Secret            `yaml:"secrets"`
	Headers map[string]Secret   `yaml:"headers"`
	Yes     bool                `yaml:"yes"`
	Int     int                 `yaml:"int"`
	Int8    int8                `yaml:"int8"`
	Uint16  uint16              `yaml:"uint16"`
	Float   float64             `yaml:"float"`
	Wait    time.Duration       `yaml:"wait"`
	Waits   []time.Duration     `yaml:"waits"`
	Size    Bytes               `yaml:"size"`
	Limit   int64               `yaml:"limit" unit:"bytes"`
	Map     map[string]string   `yaml:"map"`
	Lists   map[string][]string `yaml:"lists"`
	Items   []item              `yaml:"items"`
	Nested  item                `yaml:"nested"`
	Words   words               `yaml:"words"`
	Inline  `yaml:",inline"`
	Ignored any `yaml:"-"`
}

type mode string

type item struct {
	A string `yaml:"a"`
	B int    `yaml:"b"`
}

// Inline is embedded by several settings structs.
type Inline struct {
	URL string `yaml:"url"`
}

// words is one word or a list of words.
type words []string

func (w *words) UnmarshalConfig(v *Value) {
	if v.IsList() {
		v.Decode((*[]string)(w))
		return
	}
	var one string
	if v.Decode(&one) {
		if one == "none" {
			v.Problem("%s is no word", v.Quote())
		}
		*w = words{one}
	}
}

func TestEveryType(t *testing.T) {
	t.Setenv("OCTAIL_TEST_NUMBER", "7")
	got := everyType{Yes: true, Map: map[string]string{"old": "gone"}, Nested: item{A: "default", B: 1}}
	warnings, err := Decode("sink.yaml", []byte(`
text: 1e3
mode: fast
secret: "***"
secrets: [a, "${OCTAIL_TEST_NUMBER}"]
headers: {X-Key: k}
yes: false
int: -5
int8: ${OCTAIL_TEST_NUMBER}
uint16: 65535
float: 1.25
wait: 1d
waits: [1s, 2s]
size: 1MiB
limit: 2KiB
map: {2: draft, "processing": sale}
lists: {a: [b, c]}
items: [{a: x}, {b: 2}]
nested: {b: 3}
words: one
url: https://api.example.com
`), &got)
	if err != nil || warnings != nil {
		t.Fatal(err, warnings)
	}
	want := everyType{
		Text: "1e3", Mode: "fast", Secret: "***", Secrets: []Secret{"a", "7"}, Headers: map[string]Secret{"X-Key": "k"},
		Int: -5, Int8: 7, Uint16: 65535, Float: 1.25, Wait: day, Waits: []time.Duration{time.Second, 2 * time.Second}, Size: 1 << 20, Limit: 2048,
		Map: map[string]string{"2": "draft", "processing": "sale"}, Lists: map[string][]string{"a": {"b", "c"}},
		Items: []item{{A: "x"}, {B: 2}}, Nested: item{A: "default", B: 3}, Words: words{"one"}, Inline: Inline{URL: "https://api.example.com"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryTypeRefuses(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", hunter2)
	for text, want := range map[string]string{
		"int8: 128":                      "1: int8: \"128\" must be a whole number from -128 to 127",
		"int: 0x10":                      "1: int: \"0x10\" must be a whole number from -9223372036854775808 to 9223372036854775807",
		"uint16: -1":                     "must be a whole number from 0 to 65535",
		"float: .inf":                    "must be a number, e.g. 1.5",
		"float: inf":                     "must be a number, e.g. 1.5",
		"float: [1]":                     "must be a single value, not a list",
		"waits:\n- 1s\n-\n  2":           "4: waits[1]: \"2\" needs a unit",
		"size: 5":                        "needs a unit",
		"limit: 5":                       "limit: \"5\" needs a unit",
		"map: [a]":                       "map: must be a section with keys below it",
		"map: {a: }":                     "map.a: has no value",
		"map: {a: b, a: c}":              "map: a key is given twice, first on line 1; keep one",
		"map: {~: b}":                    "map: a key must be a word",
		"lists:\n  a: b":                 "2: lists.a: must be a list",
		"items:\n- a: x\n- b: y":         "3: items[1].b: \"y\" must be a whole number",
		"items:\n- a: x\n- c: y":         "3: items[1]: unknown key \"c\"; known: a, b",
		"text: {a: b}":                   "text: must be a single value, not a section",
		"text: ~":                        "text: has no value",
		"words: none":                    "words: \"none\" is no word",
		"words:\n- a\n- [b]":             "3: words[1]: must be a single value, not a list",
		"words:":                         "words: has no value",
		"headers: {a: '${HUNTER',}":      "headers.a: has ${ without }",
		"secrets: ['${OCTAIL_TEST_NO}']": "secrets[0]: environment variable OCTAIL_TEST_NO is not set",
		"int: ${OCTAIL_TEST_SECRET}":     "int: \"${OCTAIL_TEST_SECRET}\" must be a whole number",
		"secret: &a [*a]":                "secret: must be a single value, not a list",
		"items: &a [*a]":                 "items[0]: must be a section",
		"text: !!str 5":                  "text: a value cannot begin with ! unless it is in quotes",
	} {
		_, err := Decode("sink.yaml", []byte(text), &everyType{})
		got := problems(t, err)
		if len(got) != 1 || !strings.Contains(got[0].String(), want) || strings.Contains(got[0].Message, hunter2) {
			t.Errorf("%q gave %v, want %s", text, err, want)
		}
	}
}

// ruled has rules between keys.
type ruled struct {
	Login    string            `yaml:"login"`
	Password Secret            `yaml:"password"`
	Map      map[string]string `yaml:"map"`
	section  *Section          `yaml:"-"`
}

func (r *ruled) Validate(s *Section) {
	if r.Login == "" {
		s.Problem("login", "missing; name the user")
	}
	if r.Password == "" {
		s.Problem("password", "missing; give the password")
	}
	for key, value := range r.Map {
		if value == "bad" {
			s.Problem("map."+key, "%s is bad", s.Quote("map."+key))
		}
	}
	if r.Login == "admin" {
		s.Warn("login", "should be a user of its own")
	}
	r.section = s
}

func TestValidate(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "bad")
	r := &ruled{}
	warnings, err := Decode("sink.yaml", []byte("login: admin\n\npassword: ${OCTAIL_TEST_UNSET}\nmap:\n  a: good\n  b: ${OCTAIL_TEST_SECRET}\n"), r)
	if len(warnings) != 1 || warnings[0].String() != "sink.yaml:1: login: should be a user of its own" {
		t.Errorf("warnings: %v", warnings)
	}
	got := problems(t, err)
	if len(got) != 2 || got[0].Line != 3 || !strings.Contains(got[0].Message, "OCTAIL_TEST_UNSET") || got[1].String() != `sink.yaml:6: map.b: "${OCTAIL_TEST_SECRET}" is bad` {
		t.Errorf("problems: %v", err)
	}
	s := r.section
	if !s.Has("password") || s.Has("login.x") || s.Has("nothing") || s.Line("map.b") != 6 || s.Line("map.c") != 4 || s.Line("nothing") != 1 {
		t.Error("the section does not know its keys")
	}
	if got := s.Quote("password"); got != "the value" {
		t.Errorf("a secret is quoted: %s", got)
	}
}

func TestUnsupportedTypesPanic(t *testing.T) {
	for _, v := range []any{
		&struct{ A string }{},
		&struct {
			a string `yaml:"a"`
		}{},
		&struct {
			A any `yaml:"a"`
		}{},
		&struct {
			A *string `yaml:"a"`
		}{},
		&struct {
			A map[int]string `yaml:"a"`
		}{},
		&struct {
			A []chan int `yaml:"a"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is accepted", reflect.TypeOf(v))
				}
			}()
			_, _ = Decode("sink.yaml", []byte("b: 1"), v)
		}()
	}
}

func TestAliasBomb(t *testing.T) {
	bomb := "lists:\n  a: &l [" + strings.Repeat("x, ", 500) + "x]\n"
	for i := range 500 {
		bomb += fmt.Sprintf("  k%d: *l\n", i)
	}
	_, err := Decode("sink.yaml", []byte(bomb), &everyType{})
	got := problems(t, err)
	if len(got) != 1 || !strings.Contains(got[0].Message, "more than 100000 values in the file") {
		t.Errorf("gave %.200v", err)
	}
}

// TestManyProblems: a file of nothing but mistakes is refused in reasonable time.
func TestManyProblems(t *testing.T) {
	_, _, err := Parse("config.yaml", []byte("sinks:\n"+strings.Repeat("- a\n", 20000)), testTypes)
	if got := problems(t, err); len(got) != 20005 {
		t.Errorf("%d problems", len(got))
	}
}

func TestClosest(t *testing.T) {
	known := []string{"path", "sync", "table_prefix", "entities"}
	for word, want := range map[string]string{
		"paht": "path", "Path": "path", "pat": "path", "sink": "", "table-prefix": "table_prefix", "tableprefix": "table_prefix",
		"entitys": "entities", "where": "", "": "", "x": "", strings.Repeat("path", 20): "",
	} {
		if got := closest(word, known); got != want {
			t.Errorf("%s: %s", word, got)
		}
	}
}
