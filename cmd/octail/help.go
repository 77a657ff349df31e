package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// noArgs refuses arguments by name: cobra's own takes them for unknown commands.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("`%s` takes no argument, and got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// hint says where the right usage of a command is found.
func hint(cmd *cobra.Command) string {
	return fmt.Sprintf("`%s --help` shows what there is.", cmd.CommandPath())
}

// helpCommand is cobra's, except that an unknown command is a mistake.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usage(fmt.Errorf("there is no command %q. %s", strings.Join(args, " "), hint(cmd.Root())))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// refuseShells makes an unknown shell a mistake: cobra answers it with its help.
func refuseShells(completion *cobra.Command) {
	var shells []string
	for _, c := range completion.Commands() {
		shells = append(shells, c.Name())
	}
	completion.Args = cobra.ArbitraryArgs
	completion.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return usage(fmt.Errorf("no completion for %q: choose one of %s", args[0], strings.Join(shells, ", ")))
	}
}

// coded gives an error of a command that has no exit code yet the one of a
// failure: without a code it would pass for wrong usage.
func coded(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		var has *exitError
		if err != nil && !errors.As(err, &has) {
			return &exitError{error: err, code: exitFailure}
		}
		return err
	}
}
