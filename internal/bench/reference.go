package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	gocanal "github.com/go-mysql-org/go-mysql/canal"
	"github.com/go-mysql-org/go-mysql/mysql"

	"octail/canal"
)

// runReference runs this program as the reference: what one writes first with
// go-mysql, its canal with a handler that prints each row as JSON to a file.
func (b *bench) runReference(ctx context.Context, from canal.Position, changes int) (used, error) {
	self, err := os.Executable()
	if err != nil {
		return used{}, err
	}
	out, err := os.Create(filepath.Join(b.dir, "reference.jsonl"))
	if err != nil {
		return used{}, err
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, self, "reference", b.server.Socket(), from.GTID, strconv.Itoa(changes))
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return used{}, fmt.Errorf("reference: %w", err)
	}
	return used{cpu: cpuOf(cmd), wall: time.Since(began)}, nil
}

// reference prints rows until it has seen as many row changes as asked for.
func reference(args []string) error {
	socket, gtid := args[0], args[1]
	changes, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	cfg := gocanal.NewDefaultConfig()
	cfg.Addr, cfg.User, cfg.Flavor, cfg.ServerID = socket, "root", "mariadb", 4_000_000_001
	cfg.Dump.ExecutionPath = ""
	cfg.IncludeTableRegex = []string{`^shop\.oc_(order|order_product|product)$`}
	cfg.Logger = slog.New(slog.DiscardHandler)
	c, err := gocanal.NewCanal(cfg)
	if err != nil {
		return err
	}
	h := &printer{out: bufio.NewWriterSize(os.Stdout, 1<<16), left: changes, canal: c}
	c.SetEventHandler(h)
	set, err := mysql.ParseGTIDSet("mariadb", gtid)
	if err != nil {
		return err
	}
	err = c.StartFromGTID(set)
	if h.left > 0 {
		return fmt.Errorf("%d row changes are missing: %w", h.left, err)
	}
	return h.out.Flush()
}

type printer struct {
	gocanal.DummyEventHandler
	out   *bufio.Writer
	left  int
	canal *gocanal.Canal
}

func (p *printer) OnRow(e *gocanal.RowsEvent) error {
	step := 1
	if e.Action == gocanal.UpdateAction {
		step = 2 // before, after
	}
	for i := step - 1; i < len(e.Rows); i += step {
		row := make(map[string]any, len(e.Table.Columns))
		for n, c := range e.Table.Columns {
			v := e.Rows[i][n]
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			row[c.Name] = v
		}
		line, err := json.Marshal(map[string]any{"table": e.Table.Name, "action": e.Action, "row": row})
		if err != nil {
			return err
		}
		p.out.Write(line)
		p.out.WriteByte('\n')
		p.left--
	}
	if p.left <= 0 {
		go p.canal.Close()
	}
	return nil
}

func (p *printer) String() string { return "printer" }
