package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"octail/internal/steer"
)

func (p *program) backup() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Copies the journal, also while the agent runs",
		Long: `Writes the journal as it is now into a new file, also while the agent runs. To put
it back: stop the agent, copy the file to journal.path (with no -wal and -shm file
beside it), give it to the service's user and start the agent. It goes on under a new birth
mark: what happened after the backup is read from the shop again and has new ids.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one new file: octail backup /var/backups/octail.db")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			done, err := looked(cmd.Context(), cfg, func(d *steer.Desk) (backedUp, error) {
				b := backedUp{File: args[0], Sequence: d.Journal.Last()}
				if err := d.Journal.Backup(cmd.Context(), args[0]); err != nil {
					return b, err
				}
				info, err := os.Stat(args[0])
				if err == nil {
					b.Bytes = info.Size()
				}
				return b, err
			})
			if err != nil {
				return err
			}
			p.say(asJSON, done)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

type backedUp struct {
	File     string `json:"file"`
	Bytes    int64  `json:"bytes"`
	Sequence int64  `json:"sequence"` // at least
}

func (b backedUp) Text() string {
	return fmt.Sprintf("%s: %.1f MiB, up to sequence %d or later.", b.File, float64(b.Bytes)/(1<<20), b.Sequence)
}
