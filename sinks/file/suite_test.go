package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"octail/sinks/sinktest"
)

// TestSuite: what every sink promises.
func TestSuite(t *testing.T) {
	for _, sync := range []string{syncAlways, syncInterval} {
		t.Run(sync, func(t *testing.T) {
			sinktest.Run(t, sinktest.Case{Plugin: Plugin, Target: func(t *testing.T) sinktest.Target {
				path := newPath(t)
				return sinktest.Target{
					Settings: func(string) string { return "path: " + path + "\nsync: " + sync + "\n" },
					Held: func() []sinktest.Held {
						content, err := os.ReadFile(path)
						if errors.Is(err, fs.ErrNotExist) {
							return nil
						}
						check(t, err)
						var out []sinktest.Held
						for line := range bytes.Lines(content) {
							var e struct {
								Subject, Type string
								Revision      int64
							}
							check(t, json.Unmarshal(line, &e))
							out = append(out, sinktest.Held{Subject: e.Subject, Revision: e.Revision, Deleted: strings.HasSuffix(e.Type, ".deleted")})
						}
						return out
					},
				}
			}})
		})
	}
}
