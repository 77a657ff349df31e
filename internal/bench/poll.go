package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"octail/internal/console"
	"octail/internal/shoptest"
)

// large fills a shop: 20,000 products with a description of 2 kB in each language, and
// 20,000 orders of three lines.
var large = []string{
	"SET sql_mode = ''",
	"INSERT INTO oc_product (product_id, model, price, quantity, status, manufacturer_id) SELECT 100000 + seq, CONCAT('m-', seq), seq, seq, 1, 1 FROM seq_1_to_20000",
	"INSERT INTO oc_product_description (product_id, language_id, name, description) SELECT 100000 + seq, language_id, CONCAT('product ', seq), REPEAT(CONCAT(seq, ' lorem ipsum '), 130) FROM seq_1_to_20000, oc_language",
	"INSERT INTO oc_product_to_store (product_id, store_id) SELECT 100000 + seq, 0 FROM seq_1_to_20000",
	"INSERT INTO oc_product_to_category (product_id, category_id) SELECT 100000 + seq, 1 + seq % 5 FROM seq_1_to_20000",
	"INSERT INTO oc_product_image (product_id, image, sort_order) SELECT 100000 + seq DIV 3, CONCAT('catalog/', seq, '.jpg'), seq FROM seq_1_to_60000",
	"INSERT INTO oc_product_option (product_option_id, product_id, option_id, required) SELECT 100000 + seq, 100000 + seq * 4, 1, 1 FROM seq_1_to_5000",
	"INSERT INTO oc_product_option_value (product_option_id, product_id, option_id, option_value_id, quantity, price) SELECT 100000 + seq DIV 4, 100000 + seq DIV 4 * 4, 1, seq % 4, 5, 1 FROM seq_1_to_20000",
	"INSERT INTO oc_order (order_id, order_status_id, firstname, lastname, email, payment_address_1, shipping_address_1, payment_method, shipping_method, total, currency_code, currency_value, date_added, date_modified) SELECT 100000 + seq, 1 + seq % 5, 'Guest', CONCAT('Number ', seq), CONCAT('guest.', seq, '@example.com'), 'Sample Street', 'Sample Street', 'cod', 'flat', 30, 'EUR', 1, NOW(), NOW() FROM seq_1_to_20000",
	"INSERT INTO oc_order_product (order_id, product_id, name, model, quantity, price, total, tax) SELECT 100000 + seq DIV 3, 100000 + seq % 20000, 'a product', 'm', 1, 10, 10, 1 FROM seq_1_to_60000",
	"INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, product_option_value_id, name, `value`, type) SELECT 100000 + seq, seq, 1, 1, 'Size', 'Large', 'radio' FROM seq_1_to_20000",
	"INSERT INTO oc_order_total (order_id, code, title, `value`, sort_order) SELECT 100000 + seq DIV 3, 'total', 'Total', 30, seq % 3 FROM seq_1_to_60000",
	"INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) SELECT 100000 + seq DIV 2, 1, 1, 'On its way', NOW() FROM seq_1_to_40000",
}

// poll prints what sweeps of a large shop cost its database.
func (b *bench) poll(ctx context.Context) error {
	for _, gen := range []shoptest.Generation{shoptest.V3, shoptest.V4} {
		if err := b.polled(ctx, gen); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) polled(ctx context.Context, gen shoptest.Generation) error {
	name := "polled_" + strings.NewReplacer(".", "_", " ", "_").Replace(gen.String())
	if err := b.server.Exec(ctx, "", "CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4"); err != nil {
		return err
	}
	db, err := b.server.Open(name, true)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := shoptest.Load(ctx, db, gen, "oc_"); err != nil {
		return err
	}
	if err := b.server.Exec(ctx, name, strings.Join(large, ";\n")); err != nil {
		return err
	}
	a := &agent{bench: b, dir: filepath.Join(b.dir, name)}
	if err := os.Mkdir(a.dir, 0o700); err != nil {
		return err
	}
	a.config = filepath.Join(a.dir, "config.yaml")
	text := fmt.Sprintf(`
shop:
  name: bench-shop
  mysql: {address: "unix:%s", user: root, password: "", database: %s}
capture: {mode: poll, poll: 100ms, snapshot: []}
journal: {path: %s}
http: {listen: "127.0.0.1:0", socket: %s}
log: {level: warn}
sinks:
  - {name: events, type: file, path: %s}
`, b.server.Socket(), name, filepath.Join(a.dir, "octail.db"), filepath.Join(a.dir, "s"), filepath.Join(a.dir, "events.jsonl"))
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		return err
	}
	a.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(a.dir, "s"))
	}}}
	cmd := exec.CommandContext(ctx, b.octail, "--config", a.config, "run")
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		return err
	}
	first, err := a.sweeps(ctx, 1)
	if err == nil {
		_, err = a.sweeps(ctx, 3) // until ranges have their size, and what the start has marked is read
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return fmt.Errorf("%w\n%s", err, log.String())
	}
	const counted = 5
	cpu, err := cpuOfProcess(b.server.PID())
	if err != nil {
		return err
	}
	ours, err := cpuOfProcess(cmd.Process.Pid)
	if err != nil {
		return err
	}
	last, err := a.sweeps(ctx, 3+counted)
	if err != nil {
		return err
	}
	cpuAfter, err := cpuOfProcess(b.server.PID())
	if err != nil {
		return err
	}
	oursAfter, err := cpuOfProcess(cmd.Process.Pid)
	if err != nil {
		return err
	}
	peak, err := memoryOf(cmd.Process.Pid, "VmHWM")
	if err != nil {
		return err
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	p, f := last.Source.Poll, first.Source.Poll
	fmt.Printf("poll: %s, 20,000 products and 20,000 orders, %d rows: the first sweep %.1f s; then %.1f s each, %.2f s of them in %d statements, the longest %.3f s; CPU a sweep: server %.2f s, octail %.2f s; octail's peak %.0f MiB, its journal %.1f MiB\n",
		gen, p.Rows, f.Took, p.Took, p.Busy, p.Statements, p.Longest, (cpuAfter-cpu).Seconds()/counted, (oursAfter-ours).Seconds()/counted, mib(peak), mib(last.Journal.Bytes))
	return nil
}

// sweeps waits for so many whole sweeps.
func (a *agent) sweeps(ctx context.Context, n int64) (console.Status, error) {
	for began := time.Now(); time.Since(began) < 10*time.Minute && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		st, err := a.status(ctx)
		if err == nil && st.Source.Poll != nil && st.Source.Poll.Sweeps >= n {
			return st, nil
		}
	}
	return console.Status{}, fmt.Errorf("no %d sweeps in ten minutes", n)
}

// cpuOfProcess is what a running process has used so far.
func cpuOfProcess(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(b, []byte(") "))
	var user, system int64
	fields := bytes.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the CPU time of process %d", pid)
	}
	if _, err := fmt.Sscan(string(fields[11]), &user); err != nil {
		return 0, err
	}
	if _, err := fmt.Sscan(string(fields[12]), &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}
