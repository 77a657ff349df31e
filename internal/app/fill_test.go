package app_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/oracle"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

var fillKeys = flag.Int("fill", 1500, "how many products, and how many customers, TestFirstFill puts into the shop")

// stock fills a shop with n products and n customers.
func fillShop(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	must(t, db, "SET sql_mode = ''", "SET sql_log_bin = 0",
		fmt.Sprintf("INSERT INTO oc_product (product_id, model, quantity, price, status, subtract, stock_status_id, date_added) SELECT 1000 + seq, CONCAT('m', seq), seq MOD 97, seq / 100, 1, 1, 7, NOW() FROM seq_1_to_%d", n),
		fmt.Sprintf("INSERT INTO oc_product_description (product_id, language_id, name, description, tag, meta_title) SELECT 1000 + seq, language_id, CONCAT('Product ', seq, ' &amp; more'), REPEAT('A good thing. ', 20), '', '' FROM seq_1_to_%d, oc_language", n),
		fmt.Sprintf("INSERT INTO oc_product_to_store (product_id, store_id) SELECT 1000 + seq, 0 FROM seq_1_to_%d", n),
		fmt.Sprintf("INSERT INTO oc_product_to_category (product_id, category_id) SELECT 1000 + seq, (SELECT MIN(category_id) FROM oc_category) FROM seq_1_to_%d", n),
		fmt.Sprintf("INSERT INTO oc_customer (customer_id, customer_group_id, firstname, lastname, email, telephone, status, date_added) SELECT 1000 + seq, 1, CONCAT('First', seq), 'Last', CONCAT('c', seq, '@example.com'), '1', 1, NOW() FROM seq_1_to_%d", n),
		fmt.Sprintf("INSERT INTO oc_address (customer_id, firstname, lastname, address_1, city, postcode, country_id, zone_id) SELECT 1000 + seq, CONCAT('First', seq), 'Last', CONCAT(seq, ' Street'), 'Berlin', '10115', 81, 1256 FROM seq_1_to_%d", n), "SET sql_log_bin = 1")
}

// TestFirstFill: the first snapshot of a large shop runs beside the live tail, and goes
// on where it was killed.
func TestFirstFill(t *testing.T) {
	server := shoptesting.Server(t, shoptest.Options{})
	database, db, shop := openShop(t, server, shoptest.V4)
	fillShop(t, db, *fillKeys)

	var took time.Duration
	t.Run("beside live orders", func(t *testing.T) {
		dir := t.TempDir()
		file := writeConfig(t, server, database, settings{dir: dir, prefix: "oc_"})
		p := launch(t, file)
		defer p.end(t)
		w := watchOrders(t, filepath.Join(dir, "events.jsonl"))
		waitFor(t, "the agent to begin", func() bool { return begun(dir) })
		began := time.Now()
		during := w.place(t, shop, func() bool { return filled(dir) })
		took = time.Since(began)
		after := w.place(t, shop, func() bool { return time.Since(began) > took+min(took, 20*time.Second) })
		t.Logf("snapshot of %d products (with stock) and %d customers: %.1f s, %.0f entities/s; delay of live orders beside it p50 %s p99 %s max %s (%d orders), after it p50 %s p99 %s max %s (%d orders); extra p99 %s",
			*fillKeys, *fillKeys, took.Seconds(), float64(3**fillKeys)/took.Seconds(), at(during, .5), at(during, .99), at(during, 1), len(during),
			at(after, .5), at(after, .99), at(after, 1), len(after), at(during, .99)-at(after, .99))
	})

	t.Run("killed ten times", func(t *testing.T) {
		dir := t.TempDir()
		s := settings{dir: dir, prefix: "oc_"}
		file := writeConfig(t, server, database, s)
		random := rand.New(rand.NewPCG(5, 6))
		ctx, stop := context.WithCancel(t.Context())
		used := make(chan error, 1)
		steps := 0
		go func() { used <- shoptest.Run(ctx, shop, 5, func(shoptest.Step) { steps++ }) }()
		alive := 150*time.Millisecond + took/18 // with what a start takes: all kills are on the way
		kills, finished := 0, 0
		for kills < 10 {
			p := launch(t, file)
			time.Sleep(alive/2 + time.Duration(random.Int64N(int64(alive))))
			if begun(dir) && filled(dir) {
				finished++
			}
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
			kills++
		}
		stop()
		if err := <-used; err != nil {
			t.Fatal(err)
		}
		a := start(t, server, configure(t, server, database, s))
		a.quiet()
		compareFill(t, a.look(), db, server, database, steps)
		checkJournal(t, a.look(), a.file)
		t.Logf("killed %d times, %d of them when the snapshot was finished already", kills, finished)
	})
}

// end stops a launched agent in good order.
func (p *process) end(t *testing.T) {
	_ = p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, p.log.String())
	}
}

// begun reports whether an agent has found where it begins.
func begun(dir string) bool {
	j, err := journal.Look(context.Background(), filepath.Join(dir, "octail.db"))
	if err != nil {
		return false
	}
	defer j.Close()
	stored, err := j.Position(context.Background())
	return err == nil && stored != ""
}

// filled reports whether the snapshot of an agent that has begun is finished: its journal
// has no marks.
func filled(dir string) bool {
	j, err := journal.Look(context.Background(), filepath.Join(dir, "octail.db"))
	if err != nil {
		return false
	}
	defer j.Close()
	marks, err := j.MarksByReason(context.Background())
	return err == nil && !slices.ContainsFunc(marks, func(m journal.Marks) bool { return m.Reason == "snapshot" })
}

// orderWatch notes when orders arrive in a file.
type orderWatch struct {
	mu      sync.Mutex
	arrived map[string]time.Time
}

func watchOrders(t *testing.T, path string) *orderWatch {
	w := &orderWatch{arrived: map[string]time.Time{}}
	go func() {
		var f *os.File
		for f == nil && t.Context().Err() == nil {
			f, _ = os.Open(path)
			time.Sleep(10 * time.Millisecond)
		}
		if f == nil {
			return
		}
		defer f.Close()
		r := bufio.NewReaderSize(f, 1<<20)
		var line []byte
		for t.Context().Err() == nil {
			part, err := r.ReadSlice('\n')
			line = append(line, part...)
			if err == io.EOF {
				time.Sleep(2 * time.Millisecond)
			}
			if err != nil {
				continue
			}
			if strings.Contains(string(line[:min(len(line), 200)]), `"type":"octail.order.created"`) {
				var e struct{ Subject string }
				if json.Unmarshal(line, &e) == nil {
					w.mu.Lock()
					w.arrived[e.Subject] = time.Now()
					w.mu.Unlock()
				}
			}
			line = line[:0]
		}
	}()
	return w
}

// place places orders, ten a second, until done, and returns how long each took from
// its last statement to its line in the file.
func (w *orderWatch) place(t *testing.T, shop *shoptest.Shop, done func() bool) []time.Duration {
	t.Helper()
	placed := map[string]time.Time{}
	for next := time.Now(); !done(); next = next.Add(100 * time.Millisecond) {
		time.Sleep(time.Until(next))
		c, err := shop.RandomCheckout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id, err := shop.Order(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		placed[keyOf("order", id).String()] = time.Now()
	}
	var out []time.Duration
	for deadline := time.Now().Add(patience); len(placed) > 0; time.Sleep(20 * time.Millisecond) {
		w.mu.Lock()
		for key, since := range placed {
			if at, ok := w.arrived[key]; ok {
				out = append(out, at.Sub(since))
				delete(placed, key)
			}
		}
		w.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatalf("%d orders did not arrive", len(placed))
		}
	}
	slices.Sort(out)
	return out
}

// at is a quantile of sorted durations.
func at(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(time.Millisecond)
}

// compareFill compares every product, stock level and customer with the shop in what the
// filling gave each of its own, and every hundredth or so in all fields. Each of the steps
// in the shop since may have made one of them another.
func compareFill(t *testing.T, j *journal.Journal, db *sql.DB, server *shoptest.Server, database string, steps int) {
	t.Helper()
	compared, different := 0, 0
	wrong := func(format string, args ...any) {
		if different++; different < 10 {
			t.Errorf(format, args...)
		}
	}
	for _, c := range []struct{ entity, query string }{
		{"product", "SELECT p.product_id, CONCAT_WS('|', p.model, p.price, d.name) FROM oc_product p JOIN oc_product_description d ON d.product_id = p.product_id AND d.language_id = 1 WHERE p.product_id > 1000"},
		{"stock", "SELECT product_id, quantity FROM oc_product WHERE product_id > 1000"},
		{"customer", "SELECT c.customer_id, CONCAT_WS('|', c.email, c.firstname, a.address_1) FROM oc_customer c JOIN oc_address a USING (customer_id) WHERE c.customer_id > 1000 AND c.email LIKE 'c%@example.com' AND a.address_1 LIKE '% Street'"},
	} {
		inJournal := map[int64]string{}
		for after := int64(0); ; {
			ids, err := j.KnownIDs(t.Context(), c.entity, after, 5000)
			if err != nil {
				t.Fatal(err)
			}
			if len(ids) == 0 {
				break
			}
			after = ids[len(ids)-1]
			known, err := j.Known(t.Context(), c.entity, ids)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				e, err := j.Event(t.Context(), known[id].Sequence)
				if err != nil {
					t.Fatal(err)
				}
				inJournal[id] = said(t, c.entity, e.Data)
			}
		}
		rows, err := db.QueryContext(t.Context(), c.query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id int64
			var text string
			if err := rows.Scan(&id, &text); err != nil {
				t.Fatal(err)
			}
			compared++
			if text = strings.ReplaceAll(text, "&amp;", "&"); inJournal[id] != text {
				wrong("%s/%d: journal %q, shop %q", c.entity, id, inJournal[id], text)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	o, err := oracle.New(t.Context(), db, "oc_")
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for _, entity := range []string{"product", "stock", "customer"} {
		for id := int64(1001); id < int64(1001+*fillKeys); id += int64(max(1, *fillKeys/500)) {
			rows, err := o.Rows(t.Context(), entity, id)
			if err != nil {
				t.Fatal(err)
			}
			want, err := o.Document(t.Context(), entity, rows)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil { // deleted meanwhile
				continue
			}
			whole++
			if diff := compareOne(t, j, keyOf(entity, id), want); len(diff) > 0 {
				wrong("%s/%d: %v", entity, id, diff)
			}
		}
	}
	t.Logf("%d documents compared with the shop in their own fields, %d in all fields: %d different", compared, whole, different)
	if compared < 3**fillKeys-100-2*steps || compared < *fillKeys {
		t.Errorf("only %d were compared", compared)
	}
}

// said is what the query of compareFill asks for, out of a document.
func said(t *testing.T, entity string, data []byte) string {
	t.Helper()
	doc, err := document.DocumentOf(data)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Model, Price, Email string
		FirstName           string `json:"first_name"`
		Quantity            json.Number
		Texts               map[string]struct{ Name string }
		Addresses           []struct {
			Address1 string `json:"address_1"`
		}
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	switch entity {
	case "stock":
		return d.Quantity.String()
	case "product":
		return d.Model + "|" + d.Price + "|" + d.Texts["en-gb"].Name
	}
	street := ""
	if len(d.Addresses) > 0 {
		street = d.Addresses[0].Address1
	}
	return d.Email + "|" + d.FirstName + "|" + street
}
