package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"octail/internal/config"
	"octail/internal/console"
	"octail/sinks/all"
)

func (p *program) reload() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "reload", Short: "Applies a changed configuration in the running agent", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `The running agent reads its configuration anew, with the secrets in it, and applies
it: sinks that are new, changed or gone, log.level, http.token, journal.retention,
journal.max_bytes and reconcile. A sink that is not changed is not interrupted.
On any mistake, and when something was changed that needs a restart (shop, capture,
journal.path, http.listen, ...), nothing is applied and the agent goes on as before.
Of a changed sink whose target can be compared the command is named that brings in
line with the new settings what was delivered before. File sinks open their files
anew. SIGHUP does the same; its outcome is in the log.

A secret from a file is read again; one from the environment, or of LoadCredential=
in the systemd unit, is what it was when the service started: restart for these.
Exit code: 0 in use, 1 refused, 2 mistakes in the configuration, 3 no agent runs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			report, err := p.askToReload(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, report)
			} else if report.Applied {
				report.Text(p.stdout)
			} else {
				report.Text(p.stderr)
			}
			refused := &exitError{code: exitFailure, quiet: true, error: errors.New("the configuration was not applied")}
			switch {
			case report.Applied:
				return nil
			case len(report.Mistakes) > 0:
				refused.code = exitUsage
			}
			return refused
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

const reloadPath = "/api/v1/reload"

func (p *program) askToReload(ctx context.Context, cfg *config.Config) (*console.Reload, error) {
	if _, err := os.Stat(cfg.HTTP.Socket); errors.Is(err, fs.ErrNotExist) {
		return nil, &exitError{code: exitUnreachable, error: fmt.Errorf("the agent is not running (there is no %s): it takes the configuration when it starts. If it runs, http.socket or journal.path was changed, which needs a restart", cfg.HTTP.Socket)}
	}
	return request(ctx, p, cfg, reloadPath, nil, func(*console.Reload) string { return "" })
}

// loadAnew is app.Options.Load.
func (p *program) loadAnew() (*config.Config, []config.Warning, error) {
	return config.Load(p.config, all.Types())
}
