// Command octail tails an OpenCart shop's binlog and keeps the systems around
// the shop equal to it. One file per command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"octail/internal/config"
	"octail/internal/journal"
	"octail/internal/logging"
	"octail/sinks/all"
)

// Exit codes, as promised to users and scripts.
const (
	exitFailure     = 1 // findings or failure
	exitUsage       = 2 // wrong usage or config
	exitUnreachable = 3 // could not reach something
	exitLocked      = 4 // the journal is in use by another process
)

// version is set by the linker: -X main.version=...
var version = "dev"

const defaultConfig = "/etc/octail/config.yaml"

// exitError ends the program with a code. quiet: everything has been said.
type exitError struct {
	error
	code  int
	quiet bool
}

func (e *exitError) Unwrap() error { return e.error }

func usage(err error) error { return &exitError{error: err, code: exitUsage} }

// program is what all commands share.
type program struct {
	config string
	stdout io.Writer
	stderr io.Writer
}

func main() {
	// The first signal ends the command in good order, a second one at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
	}()
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	logging.Libraries(slog.New(slog.DiscardHandler)) // until run has a logger
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var coded *exitError
	if !errors.As(err, &coded) { // cobra's own: unknown command, unknown flag, missing argument
		fmt.Fprintf(stderr, "octail: %s\n%s\n", strings.TrimSpace(err.Error()), hint(cmd))
		return exitUsage
	}
	if !coded.quiet {
		fmt.Fprintf(stderr, "octail: %v\n", err)
	}
	return coded.code
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	p := &program{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:   "octail",
		Short: "Keeps the systems around an OpenCart shop equal to it",
		Long: `octail tails the MySQL or MariaDB binlog of an OpenCart shop and delivers every
order, customer, product, stock level and category, whole and as soon as it
changed, to the systems around the shop.

Start with:  octail init     writes a configuration from the shop's own
             octail check    tries everything and says what is missing
             octail run      the agent, in the foreground
             octail demo     see it work on a throwaway shop`,
		SilenceUsage: true, SilenceErrors: true, Version: version,
	}
	root.SetVersionTemplate(versionLine())
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.PersistentFlags().StringVar(&p.config, "config", defaultConfig, "configuration file")
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml") // fails for unknown flags only
	root.AddCommand(p.init(), p.run(), p.reload(), p.check(), p.status(), p.trace(), p.sync(), p.reconcile(), p.dead(), p.pause(), p.resume(), p.link(), p.unlink(), p.links(), p.backup(), p.erase(), p.demo(), p.dashboards(), p.version())
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultVersionFlag()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			refuseShells(cmd)
		}
		cmd.RunE = coded(cmd.RunE)
		refuseEmpty(cmd)
	}
	root.SetFlagErrorFunc(flagError)
	return root
}

// load reads the configuration. Every mistake in it is in the error.
func (p *program) load() (*config.Config, error) {
	cfg, warnings, err := p.loadQuiet()
	for _, w := range warnings {
		fmt.Fprintf(p.stderr, "octail: warning: %s\n", w)
	}
	return cfg, err
}

// loadToLook reads the configuration for a command that needs no secrets.
func (p *program) loadToLook() (*config.Config, error) {
	cfg, _, err := config.LoadWithoutSecrets(p.config, all.Types())
	return cfg, p.configError(err)
}

func (p *program) loadQuiet() (*config.Config, []config.Warning, error) {
	cfg, warnings, err := config.Load(p.config, all.Types())
	return cfg, warnings, p.configError(err)
}

// configError says what is wrong with the configuration.
func (p *program) configError(err error) error {
	var mistakes *config.Errors
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w: run this as root, or as the user octail runs as", err)
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("there is no configuration file %s: `octail init /path/of/the/shop` writes one (the smallest is in the README), or name another with --config", p.config)
	case errors.As(err, &mistakes):
		err = fmt.Errorf("the configuration has mistakes:\n%w", err)
	}
	return usage(err)
}

// journalError gives the journal's errors their exit code.
func journalError(err error) error {
	if errors.Is(err, journal.ErrLocked) {
		return &exitError{error: err, code: exitLocked}
	}
	return &exitError{error: err, code: exitFailure}
}
