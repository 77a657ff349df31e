// Package grafana holds what watches octail: the Grafana dashboard, the alert rules
// for Prometheus, and the manual of both. The files are the source: octail.json is kept
// by hand, because a generator would be one more program and module between an edit
// and its effect, and the tests here hold it to the running agent either way.
package grafana

import "embed"

// Files are the dashboard, the alert rules and the manual, by the names they are
// written under.
//
//go:embed octail.json alerts.yaml README.md
var Files embed.FS
