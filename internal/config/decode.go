package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxValues is far more than a config needs. A small file can hold it by using its own parts over and over by aliases.
const maxValues = 100_000

// decoder walks the parsed file along the Go types and collects every mistake with its line. A value is known by its
// path: "shop.mysql.tls", "sinks[1].entities[0]".
//
// yaml.v3 alone does not do it: its Decoder is strict but knows one Go type for the whole file, while the type of a sink
// decides about the sink's keys, and Node.Decode accepts unknown keys silently.
type decoder struct {
	file    string
	folder  string // of the file, where relative paths begin; "": they stay as they are
	types   Types
	exposed bool // everybody on this machine may read the file itself
	// a secret that cannot be looked up is no mistake
	withoutSecrets bool
	problems       []Problem
	warnings       []Warning

	lines   map[string]int    // of everything the file has, by path
	written map[string]string // single values as the file has them, by path; secrets are not here
	bad     map[string]bool   // paths whose value was refused

	badInside map[string]bool // the paths around those
	read      int             // values counted, up to maxValues
}

func newDecoder(file string, types Types) *decoder {
	return &decoder{
		file: file, types: types,
		lines: map[string]int{"": 1}, written: map[string]string{}, bad: map[string]bool{}, badInside: map[string]bool{},
	}
}

// add reports a mistake that belongs to no value.
func (d *decoder) add(line int, message string) {
	d.problems = append(d.problems, Problem{d.file, line, message})
}

// refuse reports a mistake of the value at path.
func (d *decoder) refuse(path, format string, args ...any) {
	d.spoil(path)
	d.add(d.line(path), message(path, format, args))
}

// spoil notes that the value at path is of no use: nothing more is said of it.
func (d *decoder) spoil(path string) {
	d.bad[path] = true
	for around := path; around != ""; {
		around = outer(around)
		d.badInside[around] = true
	}
}

func (d *decoder) warn(path, format string, args ...any) {
	d.warnings = append(d.warnings, Warning{d.file, d.line(path), message(path, format, args)})
}

func (d *decoder) sortedWarnings() []Warning {
	problems := make([]Problem, len(d.warnings))
	for i, w := range d.warnings {
		problems[i] = Problem(w)
	}
	var out []Warning
	for _, p := range sorted(problems) {
		out = append(out, Warning(p))
	}
	return out
}

func message(path, format string, args []any) string {
	text := fmt.Sprintf(format, args...)
	if path == "" {
		return text
	}
	return path + ": " + text
}

// line returns the line of path, or of the nearest section around it that the file has.
func (d *decoder) line(path string) int {
	for {
		if line, ok := d.lines[path]; ok {
			return line
		}
		path = outer(path)
	}
}

// refused tells whether the value at path, something inside it or something around it is refused already.
func (d *decoder) refused(path string) bool {
	if d.bad[path] || d.badInside[path] {
		return true
	}
	for path != "" {
		if path = outer(path); d.bad[path] {
			return true
		}
	}
	return false
}

// outer returns the path of the section or list that path is in.
func outer(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// decode reads the node at path over v. With size set an integer is a number of bytes. It ends for every file, also for
// one that contains itself by an alias, because it goes only as deep as the Go types.
func (d *decoder) decode(n *yaml.Node, path string, v reflect.Value, size bool) {
	n = resolve(n)
	hook, hooked := v.Addr().Interface().(Unmarshaler)
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		d.refuse(path, "a value cannot begin with ! unless it is in quotes")
	case isNull(n) && !hooked && (v.Kind() == reflect.Struct || v.Kind() == reflect.Map):
		// A section whose keys are all commented out.
	case isNull(n) && n.Anchor != "":
		d.refuse(path, "a value cannot begin with * or & unless it is in quotes")
	case isNull(n):
		d.refuse(path, "has no value; give one or remove the line")
	case hooked:
		hook.UnmarshalConfig(&Value{d, n, path})
	case v.Kind() == reflect.Struct:
		d.section(n, path, false, v)
	case v.Kind() == reflect.Map:
		d.mapping(n, path, v)
	case v.Kind() == reflect.Slice:
		d.list(n, path, v)
	default:
		d.scalar(n, path, v, size)
	}
}

// section reads the keys of one section into the fields of all targets. An open section has keys that cannot be judged;
// then only those are reported that look like a mistyped one.
func (d *decoder) section(n *yaml.Node, path string, open bool, targets ...reflect.Value) {
	var fields []field
	for _, target := range targets {
		fields = append(fields, fieldsOf(target)...)
	}
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	for _, p := range d.pairs(n, path, known) {
		at := join(path, p.key)
		i := slices.Index(known, p.key)
		switch {
		case i >= 0:
			d.lines[at] = p.line
			d.decode(p.value, at, fields[i].value, fields[i].size)
			if fields[i].path {
				fields[i].value.SetString(inFolder(d.folder, fields[i].value.String()))
			}
		case laterKeys[pattern(at)]:
			d.add(p.line, at+": not available in this version; remove it")
		case slices.Contains(known, beforeColon(p.key)):
			d.add(p.line, message(path, "%s", []any{spaceMessage}))
		case !open || closest(p.key, known) != "":
			d.add(p.line, message(path, "unknown key%s%s", []any{p.shown(), instead(p.key, known)}))
		}
	}
}

// inFolder is a path of the file as everybody else has to use it: octail is started in one folder and asked from
// another, so that a relative path can only mean the config file's own. - is no file.
func inFolder(folder, path string) string {
	switch {
	case folder == "" || path == "" || path == "-" || filepath.IsAbs(path):
		return path
	case strings.HasSuffix(path, "/"): // to be refused as it was written
		return folder + "/" + path
	}
	return filepath.Join(folder, path)
}

// tooMuch stops at maxValues, with one report.
func (d *decoder) tooMuch(n *yaml.Node, path string) bool {
	d.read += len(n.Content)
	if d.read > maxValues && d.read-len(n.Content) <= maxValues {
		d.refuse(path, "more than %d values in the file, those repeated by aliases (*) included; remove some", maxValues)
	}
	return d.read > maxValues
}

// mapping reads a section whose keys are the operator's own.
func (d *decoder) mapping(n *yaml.Node, path string, v reflect.Value) {
	out := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n, path, nil) {
		at := join(path, p.key)
		d.lines[at] = p.line
		item := reflect.New(v.Type().Elem()).Elem()
		d.decode(p.value, at, item, false)
		out.SetMapIndex(reflect.ValueOf(p.key).Convert(v.Type().Key()), item)
	}
	v.Set(out)
}

func (d *decoder) list(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.refuse(path, "must be a list, e.g. [a, b]")
		return
	}
	if d.tooMuch(n, path) {
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := index(path, i)
		d.lines[at] = item.Line
		d.decode(item, at, out.Index(i), false)
	}
	v.Set(out)
}

// pair is one key of a section.
type pair struct {
	key   string
	line  int
	value *yaml.Node
}

// shown is the key for a message. A key without value may be a value that lost its key, {password, hunter2}, and is not
// repeated.
func (p pair) shown() string {
	if isNull(p.value) && p.value.Value == "" {
		return ""
	}
	return " " + shown(p.key)
}

func beforeColon(key string) string {
	word, _, _ := strings.Cut(key, ":")
	return word
}

// pairs returns the keys of a section, each once, in the order of the file.
func (d *decoder) pairs(n *yaml.Node, path string, known []string) []pair {
	if n.Kind != yaml.MappingNode {
		text := "must be a section with keys below it"
		if len(known) > 0 {
			text += ": " + strings.Join(known, ", ")
		}
		d.refuse(path, "%s", text)
		return nil
	}
	if d.tooMuch(n, path) {
		return nil
	}
	var out []pair
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || isNull(key) || key.Style&yaml.TaggedStyle != 0:
			d.add(key.Line, message(path, "a key must be a word", nil))
		case key.Value == "<<" && key.Tag == "!!merge":
			d.add(key.Line, message(path, "<< is not possible here; write the keys out", nil))
		case first[key.Value] != 0:
			d.add(key.Line, message(path, "%s is given twice, first on line %d; keep one", []any{duplicate(key.Value, known), first[key.Value]}))
		default:
			first[key.Value] = key.Line
			out = append(out, pair{key.Value, key.Line, value})
		}
	}
	return out
}

func duplicate(key string, known []string) string {
	if slices.Contains(known, key) {
		return key
	}
	return "a key"
}

// resolve follows an alias to the value it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindName(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "list"
	}
	return "section"
}

// pattern is a path without the numbers of list items.
func pattern(path string) string {
	open, shut := strings.Index(path, "["), strings.Index(path, "]")
	if open < 0 || shut < open {
		return path
	}
	return path[:open] + "[]" + path[shut+1:]
}
