package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"octail/internal/console"
	"octail/internal/steer"
)

func (p *program) link() *cobra.Command {
	return p.linking("link SINK ENTITY/KEY TARGET-ID", "Ties an entity to a record that exists in the target",
		`Ties an entity to a record that exists in a sink's target already, by the id that
the target gives it. From then on that record is the entity's own, whatever the
sink would find itself. What waits for it is tried at once.`, "/api/v1/link", 3)
}

func (p *program) unlink() *cobra.Command {
	return p.linking("unlink SINK ENTITY/KEY", "Unties an entity from its record in the target",
		`Forgets which record of a sink's target an entity is tied to, whoever has tied it.
The record itself is left alone. At the entity's next delivery the sink looks for
its record, or makes one.`, "/api/v1/unlink", 2)
}

func (p *program) linking(use, short, long, path string, want int) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != want {
				return fmt.Errorf("it takes %d arguments, as in: octail %s", want, map[int]string{3: "link erp product/42 4711", 2: "unlink erp product/42"}[want])
			}
			return nil
		},
		ValidArgsFunction: p.completeSinks,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			q := console.LinkRequest{Sink: args[0], Subject: args[1]}
			if want == 3 {
				q.Target = args[2]
			}
			answer, err := steered(cmd.Context(), cfg, path, jsonBody(q), func(d *steer.Desk) (steer.Linked, error) {
				if want == 3 {
					return d.Link(cmd.Context(), q.Sink, q.Subject, q.Target)
				}
				return d.Unlink(cmd.Context(), q.Sink, q.Subject)
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
