package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/setup"
	"octail/sinks/all"
)

func (p *program) init() *cobra.Command {
	var o setup.Options
	var asJSON bool
	var prefix string
	cmd := &cobra.Command{
		Use: "init [SHOP]", Short: "Writes a configuration file for a shop, and prints the SQL and settings still missing",
		Long: `Reads the settings of the database from the shop's config.php (SHOP is its folder
or that file), looks at the database server with the shop's own login, writes
octail's configuration file (--config) and prints, ready to be pasted, the SQL for
octail's own database user, the server settings that are missing and the commands
that come next. The shop's login is used for this one look; it is in no file and
in no message. Nothing is changed at the server and in the shop.
Without config.php, give at least --database.
Exit code: 0 written, 1 not (there is a file already: --force), 2 wrong usage.`,
		Example: "  octail init /var/www/shop\n  octail init --database opencart --address db.example.com:3306 --name main-shop",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("name one folder of a shop, or its config.php: octail init /var/www/shop")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.Database == "" {
				return usage(fmt.Errorf("name the folder of the shop (octail init /var/www/shop), or give --database. %s", hint(cmd)))
			}
			if len(args) == 1 {
				s, err := setup.ReadShop(args[0])
				if err != nil {
					return err
				}
				o.Shop = &s
			}
			if cmd.Flags().Changed("prefix") {
				o.Prefix = &prefix
			}
			var err error
			if o.Config, err = filepath.Abs(p.config); err != nil {
				return err
			}
			if o.PasswordFile != "" {
				if o.PasswordFile, err = filepath.Abs(o.PasswordFile); err != nil {
					return err
				}
			}
			o.Types, o.Open = all.Types(), app.OpenDB
			r, err := setup.Plan(cmd.Context(), o, setup.Here())
			var mistakes *config.Errors
			switch {
			case errors.As(err, &mistakes), errors.Is(err, setup.ErrUsage):
				return usage(err)
			case err != nil:
				return err
			}
			if err := r.Write(o.Force); err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, r)
			} else {
				r.Text(p.stdout)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "shop.name (default: from the shop's host name)")
	f.StringVar(&o.Address, "address", "", "of the database server: host:port or unix:/path (default: DB_HOSTNAME, DB_PORT)")
	f.StringVar(&o.Database, "database", "", "the shop's database (default: DB_DATABASE)")
	f.StringVar(&prefix, "prefix", "", "of the shop's tables (default: DB_PREFIX, else oc_)")
	f.StringVar(&o.User, "user", "", "octail's own database user (default: octail)")
	f.StringVar(&o.Timezone, "timezone", "", "shop.timezone (default: auto)")
	f.StringVar(&o.PasswordFile, "password-file", "", "log in by the password in this file; made when it is not there")
	f.BoolVar(&o.Force, "force", false, "replace a configuration that is there; its password stays")
	f.BoolVar(&asJSON, "json", false, "print as JSON")
	_ = cmd.MarkFlagFilename("password-file") // fails for unknown flags only
	return cmd
}
