package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"octail/grafana"
)

func (p *program) dashboards() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "dashboards DIR", Short: "Writes the Grafana dashboard and the alert rules into a folder",
		Long: `Writes the Grafana dashboard, the alert rules for Prometheus and a README that
says how to use them into DIR, which is made if it is missing. Files there that
differ are left alone, and nothing is written, unless --force is given.`,
		Example: "  octail dashboards /etc/prometheus/octail",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("name one folder to write into")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error { return p.writeDashboards(args[0], force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace files that differ")
	return cmd
}

// writeDashboards writes all files or, when one that differs is in the way, none.
func (p *program) writeDashboards(dir string, force bool) error {
	entries, err := fs.ReadDir(grafana.Files, ".")
	if err != nil {
		return err
	}
	type file struct {
		path string
		data []byte
		same bool
	}
	var files []file
	var differ []string
	for _, e := range entries {
		data, err := fs.ReadFile(grafana.Files, e.Name())
		if err != nil {
			return err
		}
		f := file{path: filepath.Join(dir, e.Name()), data: data}
		switch there, err := os.ReadFile(f.path); {
		case err == nil && bytes.Equal(there, data):
			f.same = true
		case err == nil:
			differ = append(differ, f.path)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("look at what is there: %w", err)
		}
		files = append(files, f)
	}
	if len(differ) > 0 && !force {
		return fmt.Errorf("nothing was written: %s differs from what this octail would write (edited, or of another version). Keep what you need of it, then replace it with --force, or name another folder",
			strings.Join(differ, ", "))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, f := range files {
		said := "unchanged"
		if !f.same {
			if err := replaceFile(f.path, f.data); err != nil {
				return err
			}
			said = "written"
		}
		fmt.Fprintf(p.stdout, "%-10s %s\n", said, f.path)
	}
	fmt.Fprintf(p.stdout, "How to bring them into Prometheus and Grafana: %s\n", filepath.Join(dir, "README.md"))
	return nil
}

// replaceFile writes a file that others may be reading: they see the old one or the
// new one. Anybody may read it, whatever the umask, as Prometheus and Grafana must.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
