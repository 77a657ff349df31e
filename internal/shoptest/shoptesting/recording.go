package shoptesting

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/shoptest"
)

// Recordings finds the folder with recordings of real shops: in $OCTAIL_SHARED, else
// in ../shared beside the repository. They are no part of the repository. Without
// them the test is reported as skipped, and says loudly what was left out.
func Recordings(tb testing.TB) string {
	tb.Helper()
	return sharedFolder(tb, "recordings", "no recorded shop was replayed")
}

// Schemas finds the folder with the tables of every release of OpenCart, as their
// installers make them, in the same places as Recordings.
func Schemas(tb testing.TB) string {
	tb.Helper()
	return sharedFolder(tb, "schemas", "no schema of a real shop was looked at")
}

// Examples finds the folder with whole events as users may rely on them, in the same
// places as Recordings.
func Examples(tb testing.TB) string {
	tb.Helper()
	return sharedFolder(tb, "examples", "no event was compared with the examples")
}

// Fixtures finds the folder with what foreign systems were seen to send and take, in
// the same places as Recordings.
func Fixtures(tb testing.TB) string {
	tb.Helper()
	return sharedFolder(tb, filepath.Join("facts", "fixtures"), "nothing was compared with what foreign systems say")
}

func sharedFolder(tb testing.TB, name, leftOut string) string {
	tb.Helper()
	shared := os.Getenv("OCTAIL_SHARED")
	if shared == "" {
		shared = filepath.Join(Root(tb), "..", "shared")
	}
	folder := filepath.Join(shared, name)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("OCTAIL_SHARED") != "" {
			tb.Fatalf("OCTAIL_SHARED: %v", err)
		}
		tb.Skipf("LEFT OUT: %s, there is no %s (set OCTAIL_SHARED)", leftOut, filepath.Join("..", "shared", name))
	}
	return folder
}

// Root is the repository's root folder.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			tb.Fatal("no go.mod above this package")
		}
		dir = filepath.Dir(dir)
	}
}

// Recording is a recorded shop that is being replayed into a database of a real
// server: what the shop's own binlog holds is executed again, and logged again.
type Recording struct {
	Dir      string
	server   *shoptest.Server
	database string
	position uint64
}

// Load creates the database with the state before the recording.
func Load(tb testing.TB, server *shoptest.Server, dir, database string) *Recording {
	tb.Helper()
	var script bytes.Buffer
	fmt.Fprintf(&script, "CREATE DATABASE `%s` CHARACTER SET utf8mb4; USE `%[1]s`; SET sql_mode='';\n", database)
	schema, err := os.ReadFile(filepath.Join(dir, "schema.sql"))
	if err != nil {
		tb.Fatal(err)
	}
	script.Write(schema)
	f, err := os.Open(filepath.Join(dir, "data.sql.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	data, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	r := &Recording{Dir: dir, server: server, database: database, position: 4}
	r.client(tb, io.MultiReader(&script, data), "")
	return r
}

// End is an offset behind everything.
const End = 1<<32 - 1

// Replay brings the shop forward to an offset in the recorded binlog, never back.
func (r *Recording) Replay(tb testing.TB, to uint64) {
	tb.Helper()
	if to <= r.position {
		return
	}
	args := []string{"--no-defaults", "--rewrite-db=shop->" + r.database, fmt.Sprintf("--start-position=%d", r.position)}
	if to != End {
		args = append(args, fmt.Sprintf("--stop-position=%d", to))
	}
	cmd, err := r.server.Binaries().Tool(tb.Context(), "mariadb-binlog", append(args, filepath.Join(r.Dir, "binlog.000001"))...)
	if err != nil {
		tb.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		tb.Fatalf("read the recorded binlog: %v\n%s", err, errs.String())
	}
	r.client(tb, &out, r.database)
	r.position = to
}

func (r *Recording) client(tb testing.TB, in io.Reader, database string) {
	tb.Helper()
	args := []string{"--no-defaults", "-uroot", "--socket=" + r.server.Socket(), "--binary-mode"}
	if database != "" {
		args = append(args, database)
	}
	cmd, err := r.server.Binaries().Tool(tb.Context(), "mariadb", args...)
	if err != nil {
		tb.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stdin, cmd.Stderr = in, &errs
	if err := cmd.Run(); err != nil {
		tb.Fatalf("replay into %s: %v\n%s", r.database, err, errs.String())
	}
}
