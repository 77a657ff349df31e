package shoptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// initialise makes a new, empty data directory, with a root account that needs no
// password. Servers of the cache keep a template of it beside their programs, as
// MySQL takes many seconds to make one; servers installed on the machine do not,
// so that nothing stays behind.
func (b *Binaries) initialise(ctx context.Context, dir string) error {
	if b.tree == "" {
		return b.makeDataDir(ctx, dir)
	}
	template := filepath.Join(b.tree, "template")
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		// Two test binaries may come here at once: each makes its own and the
		// last rename loses, which is fine.
		work, err := os.MkdirTemp(b.tree, ".template-")
		if err != nil {
			return fmt.Errorf("make a template of the data directory: %w", err)
		}
		defer func() { _ = os.RemoveAll(work) }()
		data := filepath.Join(work, "data")
		if err := b.makeDataDir(ctx, data); err != nil {
			return err
		}
		if err := os.Rename(data, template); err != nil && !isDir(template) {
			return fmt.Errorf("keep the template of the data directory: %w", err)
		}
	}
	if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
		return fmt.Errorf("copy the template of the data directory: %w", err)
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// makeDataDir lets the server program make its system tables in dir.
func (b *Binaries) makeDataDir(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	// Servers name their temporary tables by process ids, which are not unique in a
	// folder that several containers share.
	tmp, err := os.MkdirTemp("", "octail-shop-")
	if err != nil {
		return fmt.Errorf("make a folder for the server: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	args := append(b.baseArgs(), "--datadir="+dir, "--tmpdir="+tmp)
	var script []byte
	if b.Flavor == MySQL {
		args = append(args, "--initialize-insecure")
	} else {
		args = append(args, "--bootstrap", "--log-warnings=0", "--enforce-storage-engine=",
			"--innodb-log-file-size="+redoSize, "--max-allowed-packet=16M", "--performance-schema=OFF")
		if err := os.Mkdir(filepath.Join(dir, "mysql"), 0o700); err != nil {
			return fmt.Errorf("make the data directory: %w", err)
		}
		if script, err = b.bootstrapScript(); err != nil {
			return err
		}
	}
	cmd := b.command(ctx, b.Server, args...)
	cmd.Stdin = bytes.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir) // half of it would pass for a whole one
		return fmt.Errorf("make the system tables of %s %s: %w\n%s", b.Flavor, b.Version, err, tail(out))
	}
	if b.Flavor == MySQL {
		// Copies of the template are different servers: each makes its own id.
		if err := os.Remove(filepath.Join(dir, "auto.cnf")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make the data directory: %w", err)
		}
	}
	return nil
}

// bootstrapScript is what mariadb-install-db feeds to the server, without the help
// texts and the sys schema, which take most of the time.
func (b *Binaries) bootstrapScript() ([]byte, error) {
	var script bytes.Buffer
	script.WriteString("create database if not exists mysql;\nuse mysql;\nset @auth_root_socket=NULL;\nset @skip_auth_anonymous=1;\n")
	for _, part := range []string{"system_tables", "performance_tables", "system_tables_data"} {
		file := firstMatch(b.share, "mariadb_"+part+".sql", "mysql_"+part+".sql")
		if file == "" {
			return nil, fmt.Errorf("no mariadb_%s.sql in %s: is the package mariadb-server-core complete?", part, b.share)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the system tables: %w", err)
		}
		script.Write(text)
		script.WriteByte('\n')
	}
	return script.Bytes(), nil
}

// tail returns the last lines of a program's output, for error messages.
func tail(out []byte) []byte {
	const lines = 20
	out = bytes.TrimSpace(out)
	at := len(out)
	for range lines {
		if at = bytes.LastIndexByte(out[:at], '\n'); at < 0 {
			return out
		}
	}
	return out[at+1:]
}
