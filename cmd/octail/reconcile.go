package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"octail/internal/config"
	"octail/internal/reconcile"
)

func (p *program) reconcile() *cobra.Command {
	var asJSON, repair bool
	var only []string
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compares the shop with what octail knows of it, and targets with what they were given", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Compares every order, customer, product, stock level and category of the shop with
the journal, within the time the journal covers (drafts are none), and prints one
line. What differs still counts only when it is there after a normal reading.
--repair reads what differs again and delivers it. The running agent does the same
every day at reconcile.at.

Sinks that can read back what their targets hold are asked, too: for all whose newest
revision they accepted more than a minute ago. What is missing or different there and
stays so counts; --repair delivers it once more. A sink that is paused, has stopped or
fails is named and left out. --sink erp compares with that sink alone.
Exit code: 0 equal (or repaired), 1 something differs, 3 a sink that was named could
not be compared.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			path, q := "/api/v1/reconcile", url.Values{}
			if repair {
				q.Set("repair", "true")
			}
			for _, name := range only {
				if !slices.ContainsFunc(cfg.Sinks, func(s config.Sink) bool { return s.Name == name }) {
					return usage(fmt.Errorf("there is no sink %q in the configuration", name))
				}
				q.Add("sink", name)
			}
			if len(q) > 0 {
				path += "?" + q.Encode()
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
				return &exitError{code: exitFailure, quiet: true, error: errors.New("something differs")}
			}
			for _, name := range only {
				if s := report.Sinks[name]; s != nil && s.Skipped != "" {
					return &exitError{code: exitUnreachable, quiet: true, error: errors.New("not compared")}
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&repair, "repair", false, "read again and deliver what differs")
	cmd.Flags().StringSliceVar(&only, "sink", nil, "compare with these sinks alone")
	return cmd
}
