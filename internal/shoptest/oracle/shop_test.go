package oracle

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
)

// server is a real MariaDB that lives as long as a test.
type server struct {
	tool, folder, dsn string
}

func startServer(t *testing.T, shared string) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	folder, err := os.MkdirTemp("", "oracle") // t.TempDir is too long for a unix socket
	if err != nil {
		t.Fatal(err)
	}
	s := &server{tool: filepath.Join(shared, "tools", "mysql-server.sh"), folder: folder}
	t.Cleanup(func() {
		s.run(t, nil, "stop", "--dir", folder)
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	out := s.run(t, nil, "start", "mariadb", "--version", "10.11", "--port", fmt.Sprint(port), "--dir", folder)
	s.dsn = strings.TrimSpace(out)
	return s
}

// run calls the server tool and returns what it prints.
func (s *server) run(t *testing.T, in io.Reader, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(s.tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// shop is a recording that is being replayed into a database of its own.
type shop struct {
	*server
	recording, database string
	position            uint64
	db                  *sql.DB
}

// openShop loads the state before the recording.
func openShop(t *testing.T, s *server, recording, database, parameters string) *shop {
	t.Helper()
	schema, err := os.Open(filepath.Join(recording, "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	defer schema.Close()
	packed, err := os.Open(filepath.Join(recording, "data.sql.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	data, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	create := fmt.Sprintf("CREATE DATABASE %s CHARACTER SET utf8mb4; USE %[1]s; SET sql_mode='';\n", database)
	s.run(t, io.MultiReader(strings.NewReader(create), schema, data), "client", "--dir", s.folder)
	db, err := sql.Open("mysql", s.dsn+database+parameters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &shop{server: s, recording: recording, database: database, position: 4, db: db}
}

// toTheEnd is the offset behind everything.
const toTheEnd = math.MaxUint32

// replay brings the shop forward to an offset in the binlog, never back.
func (s *shop) replay(t *testing.T, to uint64) {
	t.Helper()
	if to <= s.position {
		return
	}
	statements := s.run(t, nil, "exec", "--dir", s.folder, "mariadb-binlog", "--no-defaults",
		"--rewrite-db=shop->"+s.database, fmt.Sprintf("--start-position=%d", s.position),
		fmt.Sprintf("--stop-position=%d", to), filepath.Join(s.recording, "binlog.000001"))
	s.run(t, strings.NewReader(statements), "client", "--dir", s.folder, "--binary-mode", s.database)
	s.position = to
}

// oracle opens an oracle on the shop.
func (s *shop) oracle(t *testing.T) *Oracle {
	t.Helper()
	o, err := New(context.Background(), s.db, "oc_")
	if err != nil {
		t.Fatal(err)
	}
	return o
}
