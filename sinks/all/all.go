// Package all is the catalogue of sinks. A new sink is its folder plus two lines
// here.
package all

import (
	"octail/internal/config"
	"octail/sinks"
	"octail/sinks/file"
	"octail/sinks/odoo"
	"octail/sinks/webhook"
)

// Plugins lists every type of sink.
var Plugins = []sinks.Plugin{
	file.Plugin,
	odoo.Plugin,
	webhook.Plugin,
}

// ByType finds a plugin.
func ByType(typ string) (sinks.Plugin, bool) {
	for _, p := range Plugins {
		if p.Type == typ {
			return p, true
		}
	}
	return sinks.Plugin{}, false
}

// Types is what the config loader needs to know of the sinks.
func Types() config.Types {
	types := config.Types{}
	for _, p := range Plugins {
		types[p.Type] = p.Settings
	}
	return types
}
