// Package logging makes octail's logger: text on a terminal, JSON elsewhere, with
// the priority prefixes journald understands when it listens.
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// New makes a logger. level is debug, info, warn or error; format auto, text or
// json.
func New(w io.Writer, level, format string) *slog.Logger { return NewAt(w, Level(level), format) }

// Level reads debug, info, warn or error; what is none of them is info.
func Level(text string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(text)); err != nil {
		l = slog.LevelInfo
	}
	return l
}

// NewAt is New with a level that may change (slog.LevelVar).
func NewAt(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	journald := toJournald(w)
	if format == "auto" || format == "" {
		format = "json"
		if IsTerminal(w) {
			format = "text"
		}
	}
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if journald && len(groups) == 0 && a.Key == slog.TimeKey { // journald has its own
			return slog.Attr{}
		}
		return a
	}}
	out := &prefixed{w: w}
	var h slog.Handler
	if format == "text" {
		h = slog.NewTextHandler(out, opts)
	} else {
		h = slog.NewJSONHandler(out, opts)
	}
	if journald {
		h = &priority{h, out}
	}
	return slog.New(h)
}

// toJournald reports whether journald reads w: systemd tells the device and inode
// of the stream it made. The variable alone says nothing, it is inherited by
// everything a service starts, with whatever output.
func toJournald(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// IsTerminal reports whether w is a terminal, or a Bar on one.
func IsTerminal(w io.Writer) bool {
	if b, ok := w.(*Bar); ok {
		w = b.to
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// priority puts <n> before each line: journald strips it and takes it for the
// entry's priority.
type priority struct {
	slog.Handler
	out *prefixed
}

func (p *priority) Handle(ctx context.Context, r slog.Record) error {
	prefix := "<6>"
	switch {
	case r.Level >= slog.LevelError:
		prefix = "<3>"
	case r.Level >= slog.LevelWarn:
		prefix = "<4>"
	case r.Level < slog.LevelInfo:
		prefix = "<7>"
	}
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	p.out.prefix = prefix
	return p.Handler.Handle(ctx, r)
}

func (p *priority) WithAttrs(a []slog.Attr) slog.Handler {
	return &priority{p.Handler.WithAttrs(a), p.out}
}
func (p *priority) WithGroup(n string) slog.Handler { return &priority{p.Handler.WithGroup(n), p.out} }

// prefixed writes each line behind a prefix. With priority around it, mu is held
// by the handler.
type prefixed struct {
	mu     sync.Mutex
	w      io.Writer
	prefix string
}

func (p *prefixed) Write(b []byte) (int, error) {
	if p.prefix == "" {
		return p.w.Write(b)
	}
	if _, err := p.w.Write(append([]byte(p.prefix), b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}
