package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"octail/internal/steer"
)

func (p *program) dead() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dead", Short: "Lists, retries and gives up dead letters",
		Long: `Dead letters are revisions that a sink is not given again by itself: its target
refused them for good, or too often. A later revision of the same entity that the
target takes heals them.

  octail dead list                        all of them
  octail dead list --id 7                 one, with what was sent and answered
  octail dead retry --sink erp            once more, when the cause is mended
  octail dead discard --entity order/1042`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no `octail dead %s`: choose list, retry or discard", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			return usage(fmt.Errorf("say what to do: octail dead list, octail dead retry or octail dead discard"))
		},
	}
	cmd.AddCommand(p.deadList(),
		p.deadDo("retry", "Tries dead letters once more", "/api/v1/dead/retry", (*steer.Desk).Retry),
		p.deadDo("discard", "Gives dead letters up for good", "/api/v1/dead/discard", (*steer.Desk).Discard))
	for _, c := range cmd.Commands() {
		c.RunE = coded(c.RunE)
	}
	return cmd
}

// choose adds the flags that choose dead letters. They are read when read is called.
func choose(cmd *cobra.Command, l *steer.Letters, asJSON *bool) (read func() error) {
	f := cmd.Flags()
	ids := f.StringSlice("id", nil, "only these: 7,8")
	f.StringVar(&l.Sink, "sink", "", "only those of this sink")
	f.StringVar(&l.Entity, "entity", "", "only those of this entity: order/1042, or of this kind: order")
	f.StringVar(&l.Reason, "reason", "", "only those with this reason, as `octail dead list` shows it")
	f.BoolVar(asJSON, "json", false, "print as JSON")
	return func() error {
		if err := numbers("id", *ids, &l.IDs); err != nil {
			return usage(err)
		}
		return nil
	}
}

func (p *program) deadList() *cobra.Command {
	var choice steer.Letters
	var asJSON, whole bool
	var read func() error
	cmd := &cobra.Command{
		Use: "list", Short: "Lists dead letters", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Lists dead letters, oldest first. Exit code 0, also when there are none.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := read(); err != nil {
				return err
			}
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			list, err := looked(cmd.Context(), cfg, func(d *steer.Desk) (steer.List, error) { return d.List(cmd.Context(), choice) })
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, list)
			} else {
				list.Text(p.stdout, whole || len(choice.IDs) > 0)
			}
			return nil
		},
	}
	read = choose(cmd, &choice, &asJSON)
	cmd.Flags().BoolVarP(&whole, "verbose", "v", false, "with what was sent and answered")
	return cmd
}

func (p *program) deadDo(verb, short, path string, do func(*steer.Desk, context.Context, steer.Letters) (steer.Done, error)) *cobra.Command {
	var choice steer.Letters
	var asJSON bool
	var read func() error
	cmd := &cobra.Command{
		Use: verb, Short: short, Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: short + `: those that fit everything that is given, or --all.
Exit code: 0 done, 1 none fits, or not all that --id names.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := read(); err != nil {
				return err
			}
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			if err := choice.Check(); err != nil {
				return usage(err)
			}
			done, err := steered(cmd.Context(), cfg, path, jsonBody(choice), func(d *steer.Desk) (steer.Done, error) { return do(d, cmd.Context(), choice) })
			if err != nil {
				return err
			}
			p.say(asJSON, done)
			if done.Letters == 0 || len(done.Missing) > 0 {
				return nothingDone
			}
			return nil
		},
	}
	read = choose(cmd, &choice, &asJSON)
	cmd.Flags().BoolVar(&choice.All, "all", false, "all of them")
	return cmd
}
