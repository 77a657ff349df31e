package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// These bound the search for the line of a syntax error, which parses the file once per line.
const (
	maxSearchLines = 1000
	maxSearchBytes = 64 << 10
)

var (
	yamlMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	tabIndented = regexp.MustCompile(`^ *\t`)
	noSpace     = regexp.MustCompile(`^ *(?:- )?[a-z_]+:[^ \t\r\n]`)
)

const (
	tabMessage   = "tab in the indentation; use spaces"
	spaceMessage = "a key needs a space after its colon, e.g. name: main-shop"
)

// remedies says in plain words what the parser's messages mean. It also keeps values out: the parser names the alias that
// an unquoted password with a leading * looks like.
var remedies = []struct{ part, message string }{
	{"mapping values are not allowed", `": " inside a value, or wrong indentation; put the value in quotes, or align the key with its neighbours`},
	{"tab character", tabMessage},
	{"cannot start any token", "a value cannot begin with this character (tab, @, %, `); put the value in quotes"},
	{"unknown anchor", "a value cannot begin with * or & unless it is in quotes"},
	{"alphabetic or numeric character", "a value cannot begin with * or & unless it is in quotes"},
	{"tag", "a value cannot begin with ! unless it is in quotes"},
	{"unexpected end of stream", "the closing quote is missing"},
	{"expected ',' or ']'", "the list is not closed; end it with ], and put values with [ ] or , in quotes"},
	{"expected ',' or '}'", `the section is not closed; end it with }, and put values with { } or , in quotes: "${NAME}"`},
	{"expected node content", "a value or a closing bracket is missing"},
	{"could not find expected ':'", spaceMessage},
	{"did not find expected key", "wrong indentation, or text after a closing quote or bracket; align the key with its neighbours"},
	{"did not find expected '-' indicator", `wrong indentation; begin every item of the list with "- ", aligned with the others`},
	{"unknown escape character", `in double quotes \ begins an escape; use single quotes, or write \\`},
	{"hexdecimal", `in double quotes \ begins an escape; use single quotes, or write \\`},
	{"document start", "wrong indentation, or text after the end of the document; align the key with its neighbours"},
	{"exceeded max depth", "nested too deeply"},
}

// parse returns the first document of the file, nil when there is none to look at. Mistakes of YAML itself are reported;
// what they do to the rest of the file cannot be known, so nothing else is then.
func (d *decoder) parse(data []byte) *yaml.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line := firstLine(data, func(line []byte) bool { return !utf8.Valid(line) }); line > 0 {
		d.add(line, "not UTF-8 text; save the file as UTF-8")
		return nil
	}
	if line := firstLine(data, func(line []byte) bool { return bytes.ContainsFunc(line, control) }); line > 0 {
		d.add(line, "control character in the text; remove it")
		return nil
	}
	docs, err := documents(data)
	if err != nil {
		d.addSyntax(data, err)
		return nil
	}
	if len(docs) > 1 {
		d.add(docs[1].Line, "second document; a config file holds one, remove the --- and what follows")
	}
	if len(docs) == 0 || isNull(docs[0].Content[0]) {
		d.add(1, "the file is empty; it needs at least shop, journal and sinks (the README has the smallest file)")
		return nil
	}
	return docs[0].Content[0]
}

// documents parses up to two documents, one more than there may be.
func documents(data []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	for dec := yaml.NewDecoder(bytes.NewReader(data)); len(docs) < 2; {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if len(doc.Content) == 0 { // comments only
			continue
		}
		docs = append(docs, &doc)
	}
	return docs, nil
}

// addSyntax reports a mistake of YAML, or the tabs or the forgotten space that are its usual causes.
func (d *decoder) addSyntax(data []byte, err error) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	at := syntaxLine(data, lines, err)
	text := yamlMessage.ReplaceAllString(err.Error(), "")
	if tabIndented.Match(lines[at-1]) || strings.Contains(text, "tab character") {
		found := len(d.problems)
		for i, line := range lines {
			if tabIndented.Match(line) {
				d.add(i+1, tabMessage)
			}
		}
		if len(d.problems) > found {
			return
		}
	}
	// Without the space "user:octail" is no key but a text, which the next line seems to continue.
	if at > 1 && strings.Contains(text, "mapping values") && noSpace.Match(lines[at-2]) {
		d.add(at-1, spaceMessage)
		return
	}
	for _, r := range remedies {
		if strings.Contains(text, r.part) {
			d.add(at, r.message)
			return
		}
	}
	d.add(at, fmt.Sprintf("not valid YAML (%s)", text))
}

// syntaxLine finds the line that a syntax error is about. The parser names the beginning of the surrounding section, or
// the line before, or none. The mistake is on the line after the longest beginning of the file that is good YAML.
func syntaxLine(data []byte, lines [][]byte, err error) int {
	if len(lines) <= maxSearchLines && len(data) <= maxSearchBytes {
		for n := len(lines) - 1; n > 0; n-- {
			if _, err := documents(bytes.Join(lines[:n], nil)); err == nil {
				return n + 1
			}
		}
		return 1
	}
	line := 1
	if found := yamlMessage.FindStringSubmatch(err.Error()); found != nil && found[1] != "" {
		line, _ = strconv.Atoi(found[1])
	}
	return min(max(line, 1), len(lines))
}

// firstLine returns the first line that is bad, 0 when none is.
func firstLine(data []byte, bad func([]byte) bool) int {
	n := 0
	for line := range bytes.Lines(data) {
		if n++; bad(line) {
			return n
		}
	}
	return 0
}

// control tells what YAML refuses in a text; it would do so without a line.
func control(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 && r != 0x85 || r == 0xfeff || r == 0xfffe || r == 0xffff
}
