package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"octail/internal/console"
	"octail/internal/steer"
)

func (p *program) links() *cobra.Command {
	var export, from, sink string
	var asJSON, reset, persons, force bool
	cmd := &cobra.Command{
		Use: "links", Short: "Writes or reads all links as CSV, or forgets a sink's", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Writes all links between entities and records of the targets to a CSV file, or
reads such a file: sink,entity,key,target, with that first line.

  octail links --export links.csv
  octail links --import links.csv --sink erp
  octail links --reset --sink erp

A file that is there already is not replaced by an export, unless --force is given.
What is imported counts as tied by a person (octail link). Either all of the file
is imported, or nothing, and each wrong line is named. A cell that a spreadsheet
would take for a formula is exported with a ' in front, which the import removes.
- is standard output or input.

--reset forgets on purpose what a sink found or made in its target, for example
after the target was emptied or replaced by another: at the next delivery it looks
for each record again. What a person tied (octail link) stays, but with --persons.
Nothing is delivered by it: octail sync does that.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			wanted := 0
			for _, w := range []bool{export != "", from != "", reset} {
				if w {
					wanted++
				}
			}
			if wanted != 1 {
				return usage(errors.New("say what to do: octail links --export FILE.csv, octail links --import FILE.csv, or octail links --reset --sink SINK"))
			}
			if reset && sink == "" {
				return usage(errors.New("name the sink whose links are to be forgotten: octail links --reset --sink SINK"))
			}
			if persons && !reset {
				return usage(errors.New("--persons belongs to --reset"))
			}
			if force && export == "" {
				return usage(errors.New("--force belongs to --export"))
			}
			if _, err := os.Lstat(export); err == nil && export != "-" && !force {
				return fmt.Errorf("nothing was written: there is a file %s already. Choose another name, or --force replaces it", export)
			}
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			if reset {
				done, err := steered(cmd.Context(), cfg, "/api/v1/links/reset", jsonBody(console.ResetRequest{Sink: sink, Persons: persons}), func(d *steer.Desk) (steer.Reset, error) {
					return d.Reset(cmd.Context(), sink, persons)
				})
				if err != nil {
					return err
				}
				p.say(asJSON, done)
				return nil
			}
			if export != "" {
				var b bytes.Buffer
				n, err := looked(cmd.Context(), cfg, func(d *steer.Desk) (int64, error) { return d.Export(cmd.Context(), &b, sink) })
				if err != nil {
					return err
				}
				if export == "-" {
					_, err := p.stdout.Write(b.Bytes())
					return err
				}
				if err := writeLinks(export, b.Bytes()); err != nil {
					return err
				}
				p.say(asJSON, exported{File: export, Links: n})
				return nil
			}
			var text []byte
			if from == "-" {
				text, err = io.ReadAll(cmd.InOrStdin())
			} else {
				text, err = os.ReadFile(from)
			}
			if err != nil {
				return usage(fmt.Errorf("read the links: %w", err))
			}
			in, err := steered(cmd.Context(), cfg, query("/api/v1/links", map[string]string{"sink": sink}), bytes.NewReader(text), func(d *steer.Desk) (steer.Imported, error) {
				return d.Import(cmd.Context(), bytes.NewReader(text), sink)
			})
			if err != nil {
				return err
			}
			p.say(asJSON, in)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&export, "export", "", "write the links to this file")
	f.StringVar(&from, "import", "", "read links from this file")
	f.BoolVar(&reset, "reset", false, "forget what a sink found or made in its target")
	f.BoolVar(&persons, "persons", false, "with --reset: forget what persons tied too")
	f.StringVar(&sink, "sink", "", "only of this sink; at an import each line has to be for it")
	f.BoolVar(&force, "force", false, "with --export: replace a file that is there")
	f.BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// writeLinks writes the whole file or leaves an older one as it was. It is for its owner
// alone.
func writeLinks(path string, text []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a pipe, or /dev/stdout; a folder says so itself
		return os.WriteFile(path, text, 0o600)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write the links: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write the links: %w", err)
	}
	return nil
}

type exported struct {
	File  string `json:"file"`
	Links int64  `json:"links"`
}

func (e exported) Text() string { return fmt.Sprintf("%s: %s.", e.File, links(e.Links)) }

func links(n int64) string {
	if n == 1 {
		return "1 link"
	}
	return fmt.Sprintf("%d links", n)
}
