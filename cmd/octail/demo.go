package main

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the demo's shop has a time zone; the machine may know none

	"github.com/spf13/cobra"

	"octail/internal/demo"
	"octail/internal/shoptest"
)

// fastest is the most steps a second that can be asked for.
const fastest = 10_000

// reader is who reads the demo. It calls gone once nobody does any more.
type reader struct {
	io.Writer
	gone func()
}

func (r *reader) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	if err != nil {
		r.gone()
	}
	return n, err
}

func (p *program) demo() *cobra.Command {
	var duration time.Duration
	var rate float64
	var opencart string
	cmd := &cobra.Command{
		Use: "demo", Short: "Shows octail at work on a throwaway shop", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Starts a private MariaDB on a free port with its own data directory, loads a
shop as OpenCart has it, lets visitors and staff use it, runs the agent on it
and shows what comes out. Ends with Ctrl-C or after --duration, prints a summary
and leaves nothing behind. Needs a MariaDB server program, not a running server.
Exit code 0 only if every confirmed order arrived whole.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			gen, ok := map[string]shoptest.Generation{"1.5": shoptest.V1, "1": shoptest.V1, "2.3": shoptest.V2, "2": shoptest.V2,
				"3.0": shoptest.V3, "3": shoptest.V3, "4.0": shoptest.V40, "4.1": shoptest.V4, "4": shoptest.V4}[opencart]
			if !ok {
				return usage(fmt.Errorf("--opencart %q: choose 1.5, 2.3, 3.0, 4.0 or 4.1", opencart))
			}
			if duration < 0 || !(rate >= 0) || rate > fastest {
				return usage(fmt.Errorf("--duration %s --rate %v: not below 0, and at most %d steps a second (0: as many as go)", duration, rate, fastest))
			}
			// A closed terminal or a reader that went away (octail demo | head) ends
			// it in good order too: killed by the signal it would leave a folder behind.
			signal.Ignore(syscall.SIGPIPE)
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
			defer stop()
			whole, err := demo.Run(ctx, demo.Options{Generation: gen, Duration: duration, Rate: rate, Version: version, Out: &reader{p.stdout, stop}})
			var missing *shoptest.NotFoundError
			switch {
			case errors.As(err, &missing):
				return &exitError{error: err, code: exitUnreachable}
			case err != nil:
				return &exitError{error: err, code: exitFailure}
			case !whole:
				return &exitError{error: errors.New("not every confirmed order arrived whole"), code: exitFailure, quiet: true}
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&duration, "duration", 0, "end after this time (default: until Ctrl-C)")
	cmd.Flags().Float64Var(&rate, "rate", 4, "steps of visitors and staff a second, 0: as many as go")
	cmd.Flags().StringVar(&opencart, "opencart", "4.1", "generation of the shop: 1.5, 2.3, 3.0, 4.0 or 4.1")
	return cmd
}
