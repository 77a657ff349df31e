package file

import "octail/internal/config"

// Values of Config.Sync.
const (
	syncAlways   = "always"
	syncInterval = "interval"
)

// Config are the settings of a file sink.
type Config struct {
	Path string `yaml:"path" unit:"path"` // "-" is the standard output
	Sync string `yaml:"sync"`             // always: each batch is on the disk before it counts; interval: within a second
}

// File implements config.Exclusive: two sinks that cut each other's lines off would never end.
func (c *Config) File() string {
	if c.Path == "-" {
		return ""
	}
	return c.Path
}

// Validate reports what decoding cannot see.
func (c *Config) Validate(s *config.Section) {
	if c.Path == "" {
		s.Problem("path", "path is missing: write the file to append to, or - for the standard output")
	}
	if c.Sync != syncAlways && c.Sync != syncInterval {
		s.Problem("sync", "sync is always or interval, not %s", s.Quote("sync"))
	}
}
