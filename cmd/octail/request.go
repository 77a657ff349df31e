package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/logging"
)

// request asks the running agent to do something that takes its time, shows how far it
// is, and returns the result.
func request[R any](ctx context.Context, p *program, cfg *config.Config, path string, body io.Reader, show func(*R) string) (*R, error) {
	res, asked, err := call(ctx, cfg, http.MethodPost, path, body)
	switch {
	case err != nil:
		return nil, err
	case !asked:
		return nil, &exitError{code: exitUnreachable, error: errors.New("the agent is not running, and only it can do this: start it with `systemctl start octail` (or `octail run`)")}
	}
	defer res.Body.Close()
	line := progressLine{to: p.stderr}
	defer line.clear()
	for lines := json.NewDecoder(res.Body); ; {
		var m console.Message[R]
		switch err := lines.Decode(&m); {
		case err != nil && ctx.Err() != nil:
			return nil, errInterrupted
		case err != nil:
			return nil, &exitError{code: exitUnreachable, error: errors.New("the running agent went away meanwhile; after its next start ask again")}
		case m.Error != "" && m.Unreachable:
			return nil, &exitError{code: exitUnreachable, error: errors.New(m.Error)}
		case m.Error != "" && m.Mistake:
			return nil, usage(errors.New(m.Error))
		case m.Error != "":
			return nil, &exitError{code: exitFailure, error: errors.New(m.Error)}
		case m.Report != nil:
			return m.Report, nil
		case m.Progress != nil:
			line.show(show(m.Progress))
		}
	}
}

var errInterrupted = &exitError{code: exitFailure, error: errors.New("interrupted; what was begun goes on in the agent or is gone on with next time")}

// progressLine is one line on a terminal that is written anew again and again;
// elsewhere it is nothing.
type progressLine struct {
	to    io.Writer
	shown bool
}

func (l *progressLine) show(text string) {
	if !logging.IsTerminal(l.to) {
		return
	}
	l.shown = true
	fmt.Fprintf(l.to, "\r\x1b[K%s", text)
}

func (l *progressLine) clear() {
	if l.shown {
		fmt.Fprint(l.to, "\r\x1b[K")
	}
}
