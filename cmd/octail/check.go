package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"octail/internal/app"
	"octail/internal/check"
	"octail/internal/config"
	"octail/sinks"
	"octail/sinks/all"
)

func (p *program) check() *cobra.Command {
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use: "check", Short: "Tries everything the agent needs and says how to repair what is missing", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Tries everything "octail run" needs, for real: configuration, server settings,
grants one by one, the shop's tables and version, the journal, each sink. Every
finding comes with the exact SQL, config line or command that repairs it.
Asked as root about the service's own configuration, it tries everything as the
service's user octail, who may do less.
Exit code: 0 octail can run, 1 something has to be repaired, 2 mistakes in the
configuration, 3 the database could not be reached.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if as := p.serviceUser(); as != nil && !offline {
				exe, err := os.Executable()
				if err != nil {
					return fmt.Errorf("check as %s: %w", as.Username, err)
				}
				return p.checkAs(cmd.Context(), exe, as, asJSON)
			}
			cfg, warnings, err := p.loadQuiet()
			if err != nil {
				if asJSON {
					printJSON(p.stdout, mistakes(err))
				}
				return err
			}
			report := fileReport(cfg, warnings)
			if !offline {
				if report, err = checkAll(cmd.Context(), cfg, warnings, p.isService()); err != nil {
					return err
				}
			}
			switch {
			case asJSON:
				printJSON(p.stdout, report)
			case offline: // without the last line, which is about everything
				for _, w := range warnings {
					fmt.Fprintf(p.stdout, "! %s\n", w)
				}
				fmt.Fprintf(p.stdout, "✓ %s is a valid configuration\n", cfg.Path)
			default:
				report.Text(p.stdout)
			}
			if code := report.ExitCode(); code != 0 {
				return &exitError{error: fmt.Errorf("check failed"), code: code, quiet: true}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&offline, "offline", false, "look at the configuration file alone")
	return cmd
}

// fileReport is the report about the configuration file alone, which is without
// mistakes.
func fileReport(cfg *config.Config, warnings []config.Warning) check.Report {
	r := check.Report{}
	for _, w := range warnings {
		r.Findings = append(r.Findings, check.Finding{Check: "config", Level: check.Warning, Message: w.String()})
	}
	if len(warnings) == 0 {
		r.Findings = append(r.Findings, check.Finding{Check: "config", Level: check.OK, Message: cfg.Path + " is without mistakes"})
	}
	r.LeftOut = append(r.LeftOut, check.LeftOut{Check: "everything else", Reason: "--offline looks at the file alone"})
	return r
}

// mistakes is the report about a configuration file that cannot be used.
func mistakes(err error) check.Report {
	messages := []string{err.Error()}
	var all *config.Errors
	if errors.As(err, &all) {
		messages = nil
		for _, p := range all.Problems() {
			messages = append(messages, p.String())
		}
	}
	r := check.Report{}
	for _, m := range messages {
		r.Findings = append(r.Findings, check.Finding{Check: "config", Level: check.Error, Message: m})
	}
	r.LeftOut = append(r.LeftOut, check.LeftOut{Check: "everything else", Reason: "the configuration has to be repaired first"})
	return r
}

func checkAll(ctx context.Context, cfg *config.Config, warnings []config.Warning, service bool) (check.Report, error) {
	db, tlsConfig, err := app.OpenDB(cfg.Shop.MySQL)
	if err != nil {
		return check.Report{}, err
	}
	defer db.Close()
	deps := check.Deps{Service: service, Config: cfg, Warnings: warnings, DB: db, TLS: app.AgreedTLS(ctx, db, cfg.Shop.MySQL, tlsConfig)}
	for _, s := range cfg.Sinks {
		plugin, _ := all.ByType(s.Type)
		c := check.SinkCheck{Name: s.Name, Config: s, Needs: plugin.Needs(s.Settings)}
		sink, err := plugin.Open(s.Settings, sinks.Env{Name: s.Name, Shop: cfg.Shop.Name, Entities: s.Entities, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			defer sink.Close() // when all have been tried
		}
		switch checker, ok := sink.(sinks.Checker); {
		case err != nil:
			c.Check = func(context.Context) error { return err }
		case ok:
			c.Check = func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, min(s.Timeout, 30*time.Second))
				defer cancel()
				return checker.Check(ctx)
			}
			if shower, ok := sink.(sinks.Shower); ok {
				c.Shown = shower.Shown
			}
		}
		if forecaster, ok := sink.(sinks.Forecaster); ok {
			c.Forecast = forecaster.Forecast
		}
		deps.Sinks = append(deps.Sinks, c)
	}
	return check.Run(ctx, deps), nil
}
