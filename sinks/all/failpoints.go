//go:build failpoints

package all

import "octail/sinks/sinktest/mirror"

// The agent that the tests kill has a sink of states too.
func init() { Plugins = append(Plugins, mirror.Plugin) }
