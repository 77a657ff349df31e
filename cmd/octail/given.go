package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// texts are the flags that take a text, of all commands. An empty prefix means something:
// none.
var texts = []string{"config", "id", "sink", "entity", "reason", "since", "status", "store", "email", "export", "import", "name", "address", "database", "user", "timezone", "password-file", "opencart"}

// refuseEmpty makes a flag or argument that is given and empty a mistake, for a command
// and those below it: a script whose variable is not set would choose everything by it.
func refuseEmpty(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		refuseEmpty(sub)
	}
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		for _, name := range texts {
			if f := cmd.Flags().Lookup(name); f != nil && f.Changed && strings.Trim(f.Value.String(), `[]" `) == "" { // a list is ["..."]
				return fmt.Errorf("--%s is given, but empty: give it a value, or leave it out", name)
			}
		}
		if slices.ContainsFunc(args, func(arg string) bool { return strings.TrimSpace(arg) == "" }) {
			return fmt.Errorf("an argument of `%s` is empty", cmd.CommandPath())
		}
		if check == nil {
			return nil
		}
		return check(cmd, args)
	}
}

// flagError says it in the user's words: a number below zero looks like a flag, and what
// the parser of numbers says of a text helps nobody.
func flagError(_ *cobra.Command, err error) error {
	text := err.Error()
	if what, reason, ok := strings.Cut(text, ": strconv."); ok {
		if strings.HasPrefix(reason, "ParseBool") {
			return fmt.Errorf("%s: write true or false, or the flag alone", what)
		}
		return fmt.Errorf("%s: it takes a number", what)
	}
	if at := strings.LastIndex(text, " in -"); strings.HasPrefix(text, "unknown shorthand flag") && at >= 0 {
		if arg := text[at+len(" in "):]; len(arg) > 1 && arg[1] >= '0' && arg[1] <= '9' {
			return fmt.Errorf("%s is no id: ids are above 0", arg)
		}
	}
	return err
}
