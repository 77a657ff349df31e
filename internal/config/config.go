// Package config reads octail's configuration file.
//
// Reading is strict and complete: every mistake in the file is found in one go and reported with its line and with what
// to write instead. The file is parsed as YAML first; only then are ${ENV}, ${file:/path} and ${credential:name} replaced
// inside the values, so that a password can never change the structure. Values that came from outside the file are in no
// message.
//
// A sink declares its settings as a plain struct with yaml tags and hands a function that makes it, filled with its
// defaults, to Load through Types. The same strict rules then hold for the sink's section, without a line of YAML code in
// the sink. This is the only package that knows about YAML.
package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// maxFileBytes bounds the configuration file; larger ones are no configuration.
const maxFileBytes = 1 << 20

// maxSocketBytes is what Linux allows for the path of a unix socket, without the closing zero.
const maxSocketBytes = 107

// Config is a whole, checked configuration. Everything left out of the file holds its default.
type Config struct {
	Path      string    `yaml:"-"` // the file it was read from, as given
	Shop      Shop      `yaml:"shop"`
	Capture   Capture   `yaml:"capture"`
	Journal   Journal   `yaml:"journal"`
	HTTP      HTTP      `yaml:"http"`
	Reconcile Reconcile `yaml:"reconcile"`
	Log       Log       `yaml:"log"`
	Sinks     []Sink    `yaml:"sinks"` // at least one
}

// Load reads, expands and checks the file at path. Relative paths in it begin at its folder. Mistakes in it come all together as *Errors; when the file itself
// cannot be read the error wraps the cause. Warnings may accompany both outcomes.
func Load(path string, types Types) (*Config, []Warning, error) {
	return loadFile(path, types, false)
}

// LoadWithoutSecrets is Load for commands that only look at the journal or ask the running agent: a secret that cannot be
// looked up here (the agent's environment has it, an operator's shell has not) is no mistake. Such secrets hold no useful
// value then.
func LoadWithoutSecrets(path string, types Types) (*Config, []Warning, error) {
	return loadFile(path, types, true)
}

func loadFile(path string, types Types, withoutSecrets bool) (*Config, []Warning, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read config: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("read config: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read config: %w", err)
	}
	if len(data) > maxFileBytes {
		return nil, nil, fmt.Errorf("read config: %s is larger than 1 MiB and therefore no config file", path)
	}
	d := newDecoder(path, types)
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read config: %w", err)
	}
	d.folder = filepath.Dir(absolute)
	d.exposed = info.Mode().IsRegular() && openToAll(info.Mode())
	d.withoutSecrets = withoutSecrets
	return d.config(data)
}

// Parse is Load for data that is already read. The name stands for the file in messages; relative paths
// stay as they are. Every error it returns is an *Errors.
func Parse(name string, data []byte, types Types) (*Config, []Warning, error) {
	return newDecoder(name, types).config(data)
}

// Decode reads a file that holds a single section, the settings of one sink for example, strictly over the struct that
// into points to, and calls its Validate as Load does. Tests of sinks use it.
func Decode(name string, data []byte, into any) ([]Warning, error) {
	d := newDecoder(name, nil)
	if root := d.parse(data); root != nil {
		d.decode(root, "", reflect.ValueOf(into).Elem(), false)
		if v, ok := into.(validator); ok {
			v.Validate(&Section{d, ""})
		}
	}
	return d.sortedWarnings(), d.err()
}

// config is the work behind Load and Parse.
func (d *decoder) config(data []byte) (*Config, []Warning, error) {
	c := defaults()
	c.Path = d.file
	if root := d.parse(data); root != nil {
		d.decode(root, "", reflect.ValueOf(c).Elem(), false)
		c.check(d)
	}
	if err := d.err(); err != nil {
		return nil, d.sortedWarnings(), err
	}
	return c, d.sortedWarnings(), nil
}

// defaults is what holds for everything the file does not mention.
func defaults() *Config {
	return &Config{
		Shop:      defaultShop(),
		Capture:   defaultCapture(),
		Journal:   defaultJournal(),
		HTTP:      defaultHTTP(),
		Reconcile: defaultReconcile(),
		Log:       defaultLog(),
	}
}

// check finds what is wrong with the values taken together, section by section.
func (c *Config) check(d *decoder) {
	c.Shop.check(&Section{d, "shop"})
	c.Capture.check(&Section{d, "capture"})
	c.Journal.check(&Section{d, "journal"})
	c.HTTP.check(&Section{d, "http"})
	c.Log.check(&Section{d, "log"})
	checkSinks(c.Sinks, &Section{d, "sinks"})
	c.placeSocket(d)
	c.checkFiles(d)
}

// placeSocket puts the control socket beside the journal unless the file names a place.
func (c *Config) placeSocket(d *decoder) {
	const remedy = "longer than the %d bytes that the system allows for a socket; set http.socket to a shorter path, e.g. /run/octail/octail.sock"
	switch http := (&Section{d, "http"}); {
	case http.Has("socket"):
		if len(c.HTTP.Socket) > maxSocketBytes {
			http.Problem("socket", remedy, maxSocketBytes)
		}
	case c.Journal.Path != "":
		c.HTTP.Socket = filepath.Join(filepath.Dir(c.Journal.Path), "octail.sock")
		if len(c.HTTP.Socket) > maxSocketBytes {
			(&Section{d, "journal"}).Problem("path", "octail.sock beside it has a path "+remedy, maxSocketBytes)
		}
	}
}

// Exclusive is implemented by settings of a sink that writes to a file. No other sink, and nothing else of octail's, may
// have the same one.
type Exclusive interface {
	File() string // "": none
}

// checkFiles finds files that two would write.
func (c *Config) checkFiles(d *decoder) {
	type owner struct {
		what string
		line int
	}
	owners := map[string]owner{}
	if c.Journal.Path != "" {
		socket, journal := place(c.HTTP.Socket), place(c.Journal.Path)
		if socket == journal {
			(&Section{d, "http"}).Problem("socket", "is the journal's own file (line %d); give it another path, or leave it out", d.line("journal.path"))
		}
		owners[socket] = owner{"http.socket", d.line("http.socket")}
		owners[journal] = owner{"the journal", d.line("journal.path")}
	}
	for i, k := range c.Sinks {
		settings, ok := k.Settings.(Exclusive)
		if !ok || settings.File() == "" {
			continue
		}
		at := (&Section{d, "sinks"}).child(index("", i))
		path := place(settings.File())
		if first, taken := owners[path]; taken {
			at.Problem("path", "%s is written by %s (line %d) already; give the sink another file", at.Quote("path"), first.what, first.line)
			continue
		}
		owners[path] = owner{"the sink " + k.Name, at.Line("path")}
	}
}

// place is the one name of a file, whatever links lead to it.
func place(path string) string {
	if at, err := filepath.EvalSymlinks(path); err == nil {
		return at
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil { // it is not there yet
		return filepath.Join(dir, filepath.Base(path))
	}
	return filepath.Clean(path)
}

// err joins what was found wrong, or is nil.
func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	return &Errors{problems: sorted(d.problems)}
}
