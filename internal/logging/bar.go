package logging

import (
	"io"
	"sync"
)

// Bar keeps one line at the bottom of a terminal, below what is logged. It is safe for
// use by several goroutines.
type Bar struct {
	mu   sync.Mutex
	to   io.Writer
	line string
}

// NewBar keeps a line on to, which is a terminal.
func NewBar(to io.Writer) *Bar { return &Bar{to: to} }

// eraseLine goes to the line's begin and erases it.
const eraseLine = "\r\x1b[K"

// Write writes whole lines above the bar.
func (b *Bar) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line == "" {
		return b.to.Write(p)
	}
	if _, err := io.WriteString(b.to, eraseLine); err != nil {
		return 0, err
	}
	n, err := b.to.Write(p)
	if err == nil {
		_, err = io.WriteString(b.to, b.line)
	}
	return n, err
}

// Set shows another line; "" takes it away.
func (b *Bar) Set(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if line == b.line {
		return
	}
	b.line = line
	_, _ = io.WriteString(b.to, eraseLine+line)
}
