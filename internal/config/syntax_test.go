package config

import (
	"strings"
	"testing"
)

// TestSyntaxLines holds what the parser's own line would be wrong for.
func TestSyntaxLines(t *testing.T) {
	for text, want := range map[string]string{
		"log:\n  level: info\n\tformat: text\n":                 "3: tab in the indentation",
		"log:\n  level: info\n  \tformat: text\n":               "3: tab in the indentation",
		"log:\n  level: info\n format: text\n":                  "3: wrong indentation",
		"log:\n  level: info\n    format: text\n":               "3: \": \" inside a value, or wrong indentation",
		"log:\n  level: \"info\n  format: text\nhttp: {}\n":     "2: the closing quote is missing",
		"a: 'two\n  lines'\nlog:\n  level: 'info\nhttp: {}\n":   "4: the closing quote is missing",
		"log:\n  level: 'info'x\nhttp: {}\n":                    "2: wrong indentation, or text after a closing quote",
		"log:\nsinks:\n  - a\n  name: log\n":                    "4: wrong indentation; begin every item",
		"log: {level: info\nhttp: {}\n":                         "1: the section is not closed",
		"log:\n  level:info\n  format: text\n":                  "2: a key needs a space after its colon",
		"log:\n  level\n  format: text\n":                       "3: \": \" inside a value",
		"log: {}\nlevel\nhttp: {}\n":                            "2: a key needs a space after its colon",
		"log:\n  level: %info\n":                                "2: a value cannot begin with this character",
		"log:\n  level: \"\\z\"\n":                              "2: in double quotes \\ begins an escape",
		"log:\n  level: \"\\xzz\"\n":                            "2: in double quotes \\ begins an escape",
		"log:\n  level: **\n":                                   "2: a value cannot begin with * or &",
		"log:\n  level: *hunter2\n":                             "2: a value cannot begin with * or &",
		"log:\n  level: !hunter2!x y\n":                         "2: a value cannot begin with !",
		"log: {}\n...\nhttp: {}\n":                              "3: wrong indentation, or text after the end",
		"log: {}\n---\nhttp: [\n":                               "3: a value or a closing bracket is missing",
		"log: {}\n]\n":                                          "2: wrong indentation",
		"%YAML 9.9\n---\nlog: {}\n":                             "1: not valid YAML (found incompatible YAML document)",
		strings.Repeat("\n", maxSearchLines) + "log:\n  - %a\n": "1002: a value cannot begin with this character",
	} {
		_, _, err := Parse("config.yaml", []byte(text), testTypes)
		got := problems(t, err)
		if len(got) != 1 || !strings.Contains(err.Error(), "config.yaml:"+want) || strings.Contains(err.Error(), hunter2) {
			t.Errorf("%q gave\n%v, want %s", text, err, want)
		}
	}
}
