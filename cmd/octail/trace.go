package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform/document"
)

func (p *program) trace() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "trace [order|customer|product|stock|category] ID",
		Short: "Tells the whole story of one entity",
		Long: `Tells the whole story of one entity: every revision, what changed, and where it
was delivered. Instead of an id it takes a printed order number, a customer's
e-mail address or a SKU. An id alone is looked for among all kinds.`,
		Example: "  octail trace order 1042\n  octail trace order INV-2026-0017\n  octail trace alice@example.com",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 || len(args) == 1 && slices.Contains(document.Entities, args[0]) {
				return fmt.Errorf("name one entity: an id, `order 1042`, an order number, an e-mail address or a SKU")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return document.Entities, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if id, _, ok := strings.Cut(args[0], "@"); ok && len(args) == 1 && strings.Contains(id, "/") { // an event's id
				args = []string{id}
			}
			if kind, id, ok := strings.Cut(args[0], "/"); ok && len(args) == 1 && slices.Contains(document.Entities, kind) { // a subject
				args = []string{kind, id}
			}
			kind, text := "", args[len(args)-1]
			if len(args) == 2 {
				if kind = args[0]; !slices.Contains(document.Entities, kind) {
					return usage(fmt.Errorf("%q is no kind of entity: choose one of %s", kind, strings.Join(document.Entities, ", ")))
				}
			}
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			traces, err := p.askTraces(cmd.Context(), cfg, kind, text)
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, traces)
			} else {
				for i := range traces {
					traces[i].Text(p.stdout)
				}
			}
			if len(traces) == 0 {
				return &exitError{code: exitFailure, error: fmt.Errorf("nothing known of %s: octail has journaled no such id, order number, e-mail address or SKU (orders that were never confirmed are not journaled)", strings.Join(args, " "))}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON, with the documents")
	return cmd
}

func (p *program) askTraces(ctx context.Context, cfg *config.Config, kind, text string) ([]console.Trace, error) {
	traces := []console.Trace{}
	asked, err := ask(ctx, cfg, query("/api/v1/trace", map[string]string{"entity": kind, "key": text}), &traces)
	if asked {
		return traces, err
	}
	j, err := journal.Look(ctx, cfg.Journal.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &exitError{code: exitFailure, error: fmt.Errorf("the agent has never run: there is no journal %s", cfg.Journal.Path)}
	}
	if err != nil {
		return nil, journalError(err)
	}
	defer j.Close()
	if err := ofShop(ctx, cfg, j); err != nil {
		return nil, err
	}
	keys, err := console.Keys(ctx, j, kind, text)
	if err != nil {
		return nil, journalError(err)
	}
	filters, err := app.SinkFilters(ctx, cfg, j)
	if err != nil {
		return nil, journalError(err)
	}
	for _, k := range keys {
		t, err := console.TraceOf(ctx, j, k, filters)
		if err != nil {
			return nil, journalError(err)
		}
		traces = append(traces, t)
	}
	return traces, nil
}
