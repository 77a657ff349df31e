package file

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"octail/sinks"
)

// moved finds the file that log rotation has moved away from path last, and the
// last event in it. A rotation while octail was dead leaves an empty file or none,
// and lines in the moved one that the stored cursor may not know of. A line that a
// kill has cut in two there is cut off: it comes whole in the new file.
func moved(path, source string) (sinks.Held, bool) {
	name, ok := newestSibling(path)
	if !ok {
		return sinks.Held{}, false
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		if f, err = os.Open(name); err != nil {
			return sinks.Held{}, false
		}
	}
	defer f.Close()
	c, err := inspect(f)
	if err != nil || !c.any || c.held.Source != source {
		return sinks.Held{}, false
	}
	if c.torn > 0 {
		_ = f.Truncate(c.end) // on a file opened for reading it fails: so be it
	}
	c.held.Moved = true
	return c.held, true
}

// newestSibling is the youngest file beside path whose name says that it was path
// once: events.jsonl.1, events.jsonl-20261122, events-20261122.jsonl. Compressed
// ones are not looked into.
func newestSibling(path string) (string, bool) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false
	}
	var name string
	var youngest time.Time
	for _, e := range entries {
		if !rotatedFrom(base, e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil || info.Mode()&fs.ModeType != 0 {
			continue
		}
		if name == "" || info.ModTime().After(youngest) {
			name, youngest = filepath.Join(dir, e.Name()), info.ModTime()
		}
	}
	return name, name != ""
}

// rotated is what rotation puts behind a name, or before its extension. It is
// narrow on purpose: the file of another sink must not look like it.
var rotated = regexp.MustCompile(`^[.\-_](\d[\d.:TZ_-]*|old|bak|prev|moved|rotated)$`)

// rotatedFrom reports whether a file's name is one that rotation gives base.
func rotatedFrom(base, name string) bool {
	if rest, ok := strings.CutPrefix(name, base); ok {
		return rotated.MatchString(rest)
	}
	ext := filepath.Ext(base)
	rest, before := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	rest, behind := strings.CutSuffix(rest, ext)
	return ext != "" && before && behind && rotated.MatchString(rest)
}
