package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"octail/internal/reread"
	"octail/transform/document"
)

func (p *program) sync() *cobra.Command {
	var asJSON bool
	var since string
	var ids, statuses, stores []string
	var req reread.Request
	cmd := &cobra.Command{
		Use: "sync ENTITY", Short: "Reads entities again from the shop and delivers what changed",
		Long: `Reads entities again from the shop and delivers what changed; what did not is not
delivered. ENTITY is order, customer, product, stock or category. Conditions are
joined by "and"; without one all of them are read.

  octail sync order --id 7,8
  octail sync order --since 2026-01-01 --status 2,Shipped --dry-run
  octail sync product --force          delivers also what did not change; with --sink erp
                                       to that sink alone. The events have their old ids: a
                                       receiver that has kept them takes them for repeats
  octail sync order --id 7 --refresh   also looks up anew what order lines took from
                                       their products (SKU, codes, weight, tax class)

Orders from before octail's first start come in this way too.
Exit code: 0 done, 1 something could not be read.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 && slices.Contains(document.Entities, args[0]) {
				return fmt.Errorf("name keys with --id: octail sync %s --id %s", args[0], strings.Join(args[1:], ","))
			}
			if len(args) != 1 || !slices.Contains(document.Entities, args[0]) {
				return fmt.Errorf("say what to read again: %s", strings.Join(document.Entities, ", "))
			}
			return nil
		},
		ValidArgs: document.Entities,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Entity = args[0]
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			if err := errors.Join(numbers("id", ids, &req.IDs), numbers("store", stores, &req.Stores)); err != nil {
				return usage(err)
			}
			req.Statuses, req.StatusNames = idsAndNames(statuses)
			if err := conditions(&req, since); err != nil {
				return usage(err)
			}
			body, err := json.Marshal(req)
			if err != nil {
				return fmt.Errorf("ask the running agent: %w", err)
			}
			report, err := request(cmd.Context(), p, cfg, "/api/v1/sync", bytes.NewReader(body), func(r *reread.Report) string { return r.Line() })
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, report)
			} else {
				report.Text(p.stdout)
			}
			if report.Failed > 0 {
				return &exitError{code: exitFailure, quiet: true, error: errors.New("not all could be read")}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print as JSON")
	f.StringSliceVar(&ids, "id", nil, "only these keys: 7,8")
	f.StringVar(&since, "since", "", "only what was added since (products and categories: or changed), as 2026-01-31 (in the shop's time zone) or 2026-01-31T15:00:00Z")
	f.StringSliceVar(&statuses, "status", nil, "only orders of these statuses, by id or by name in the shop's default language")
	f.StringSliceVar(&stores, "store", nil, "only these stores, by id")
	f.BoolVar(&req.DryRun, "dry-run", false, "only say what would be delivered")
	f.BoolVar(&req.Force, "force", false, "deliver also what did not change")
	f.StringSliceVar(&req.Sinks, "sink", nil, "with --force: only these sinks are given once more what did not change")
	f.BoolVar(&req.Refresh, "refresh", false, "also look up anew what order lines took from their products")
	return cmd
}

// numbers reads the values of a flag that takes ids.
func numbers(flag string, values []string, into *[]int64) error {
	for _, v := range values {
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return fmt.Errorf("--%s is a number, or some with commas between them: %q is none", flag, v)
		}
		*into = append(*into, n)
	}
	return nil
}

// idsAndNames tells the two kinds of values apart.
func idsAndNames(values []string) (ids []int64, names []string) {
	for _, v := range values {
		if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			ids = append(ids, n)
		} else {
			names = append(names, strings.TrimSpace(v))
		}
	}
	return ids, names
}

// conditions completes a request and says what is wrong with it.
func conditions(req *reread.Request, since string) error {
	if since != "" {
		at, err := time.Parse(time.DateOnly, since)
		if err != nil {
			at, err = time.Parse(time.RFC3339, since)
		} else {
			req.SinceDay = since // midnight is the shop's, whose time zone the agent knows
		}
		if err != nil {
			return fmt.Errorf("--since %s is no date: write it as 2026-01-31 or 2026-01-31T15:00:00Z", since)
		}
		req.Since = at
	}
	switch {
	case len(req.Statuses)+len(req.StatusNames) > 0 && req.Entity != document.OrderEntity:
		return errors.New("--status is for orders only")
	case len(req.Sinks) > 0 && !req.Force:
		return errors.New("what changed goes to every sink that takes it; --sink chooses who is given the rest once more, with --force")
	case req.Refresh && req.Entity != document.OrderEntity:
		return errors.New("--refresh is for orders only: every other document is looked up anew each time")
	case len(req.IDs) > 0 && (since != "" || len(req.Statuses)+len(req.StatusNames)+len(req.Stores) > 0):
		return errors.New("--id names entities one by one: leave out --since, --status and --store")
	case slices.ContainsFunc(req.IDs, func(id int64) bool { return id <= 0 }):
		return errors.New("an --id is a number above 0")
	}
	return nil
}
