package main

import (
	"errors"

	"github.com/spf13/cobra"

	"octail/internal/reconcile"
)

func (p *program) reconcile() *cobra.Command {
	var asJSON, repair bool
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compares the shop with what octail knows of it", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Compares every order, customer, product, stock level and category of the shop with
the journal, within the time the journal covers (drafts are none), and prints one
line. What differs still counts only when it is there after a normal reading.
--repair reads what differs again and delivers it. The running agent does the same
every day at reconcile.at.
Exit code: 0 equal (or repaired), 1 something differs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			path := "/api/v1/reconcile"
			if repair {
				path = query(path, map[string]string{"repair": "true"})
			}
			report, err := request(cmd.Context(), p, cfg, path, nil, func(r *reconcile.Report) string { return "comparing: " + r.Total.String() })
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, report)
			} else {
				report.Text(p.stdout)
			}
			if !report.Equal() {
				return &exitError{code: exitFailure, quiet: true, error: errors.New("the journal differs from the shop")}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&repair, "repair", false, "read again and deliver what differs")
	return cmd
}
