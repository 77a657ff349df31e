package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"octail/internal/console"
	"octail/internal/steer"
)

func (p *program) pause() *cobra.Command {
	return p.pausing("pause SINK", "Stops deliveries to a sink until it is resumed",
		`Stops deliveries to a sink, over restarts of the agent too, until
`+"`octail resume`"+`. What changes in the shop meanwhile waits in the journal; other sinks
go on. A call that is under way is finished.`, "/api/v1/pause", (*steer.Desk).Pause)
}

func (p *program) resume() *cobra.Command {
	return p.pausing("resume SINK", "Goes on with deliveries to a sink",
		`Goes on with deliveries to a sink that was paused, or that has stopped itself
because its target lets nobody in or refused one document after the other. What
waits to be tried again is tried at once.`, "/api/v1/resume", (*steer.Desk).Resume)
}

func (p *program) pausing(use, short, long, path string, do func(*steer.Desk, context.Context, string) (steer.Paused, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one sink: %s", cmd.UseLine())
			}
			return nil
		},
		ValidArgsFunction: p.completeSinks,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			answer, err := steered(cmd.Context(), cfg, path, jsonBody(console.SinkRequest{Sink: args[0]}), func(d *steer.Desk) (steer.Paused, error) {
				return do(d, cmd.Context(), args[0])
			})
			if err != nil {
				return err
			}
			p.say(asJSON, answer)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// say prints an answer.
func (p *program) say(asJSON bool, answer interface{ Text() string }) {
	if asJSON {
		printJSON(p.stdout, answer)
	} else {
		fmt.Fprintln(p.stdout, answer.Text())
	}
}

// completeSinks completes the name of a sink as the first argument.
func (p *program) completeSinks(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	cfg, err := p.loadToLook()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, s := range cfg.Sinks {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// nothingDone: the command has said that nothing fitted.
var nothingDone = &exitError{code: exitFailure, quiet: true, error: errors.New("nothing fits")}
