package main

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // the demo's shop has a time zone; the machine may know none

	"github.com/spf13/cobra"

	"octail/internal/demo"
	"octail/internal/shoptest"
)

func (p *program) demo() *cobra.Command {
	var duration time.Duration
	var rate float64
	var opencart string
	cmd := &cobra.Command{
		Use: "demo", Short: "Shows octail at work on a throwaway shop", Args: cobra.NoArgs,
		Long: `Starts a private MariaDB on a free port with its own data directory, loads a
shop as OpenCart has it, lets visitors and staff use it, runs the agent on it
and shows what comes out. Ends with Ctrl-C or after --duration, prints a summary
and leaves nothing behind. Needs a MariaDB server program, not a running server.
Exit code 0 only if every confirmed order arrived whole.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			gen := shoptest.V4
			switch opencart {
			case "4.1", "4":
			case "3.0", "3":
				gen = shoptest.V3
			default:
				return usage(fmt.Errorf("--opencart %q: choose 3.0 or 4.1", opencart))
			}
			whole, err := demo.Run(cmd.Context(), demo.Options{Generation: gen, Duration: duration, Rate: rate, Version: version, Out: p.stdout})
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
	cmd.Flags().Float64Var(&rate, "rate", 4, "steps of visitors and staff a second")
	cmd.Flags().StringVar(&opencart, "opencart", "4.1", "generation of the shop: 3.0 or 4.1")
	return cmd
}
