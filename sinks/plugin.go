package sinks

import (
	"context"
	"fmt"
	"log/slog"
)

// Plugin describes one type of sink. A plugin is a value; sinks/all lists them.
type Plugin struct {
	Type    string // as in the config file
	Summary string
	// Settings returns a pointer to the settings with their defaults; the config
	// section is decoded strictly over it.
	Settings func() any
	// Needs says what a sink with these settings needs.
	Needs func(settings any) Needs
	// Open connects a sink; settings is what Settings returned, filled in. What only one
	// may have (a file) is taken at the first use: while a changed config is taken, and
	// for `octail check`, the sink before is still at work.
	Open func(settings any, env Env) (Sink, error)
}

// Env is what a sink gets from its surroundings.
type Env struct {
	Name string // of the sink, from the config file
	Shop string
	// Entities are the kinds it is given (`entities` of its section); nil: all it takes.
	Entities []string
	Log      *slog.Logger
	// Links are the sink's own. nil where nothing is delivered (`octail check`).
	Links Links
	// Pace waits until the target may be called once more (`rate` of the sink's
	// settings); an error is ctx's. A sink calls it before each request. nil: at once.
	Pace func(ctx context.Context) error
}

// Define makes a Plugin whose settings have a type of their own. needs may be nil: the
// zero Needs.
func Define[S any](typ, summary string, defaults S, needs func(*S) Needs, open func(*S, Env) (Sink, error)) Plugin {
	return Plugin{
		Type: typ, Summary: summary,
		Settings: func() any { s := defaults; return &s },
		Needs: func(settings any) Needs {
			s, ok := settings.(*S)
			if !ok || needs == nil {
				return Needs{}
			}
			return needs(s)
		},
		Open: func(settings any, env Env) (Sink, error) {
			s, ok := settings.(*S)
			if !ok {
				return nil, fmt.Errorf("sink %s: settings of type %T", env.Name, settings)
			}
			return open(s, env)
		},
	}
}
