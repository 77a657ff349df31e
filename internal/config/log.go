package config

// Log says what is logged and how it looks.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // auto (text on a terminal, else json), text or json
}

func defaultLog() Log {
	return Log{Level: "info", Format: "auto"}
}

func (c *Log) check(s *Section) {
	s.oneOf("level", c.Level, "debug", "info", "warn", "error")
	s.oneOf("format", c.Format, "auto", "text", "json")
}
