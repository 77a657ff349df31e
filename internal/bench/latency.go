package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"

	"octail/canal"
	"octail/internal/shoptest"
)

// latency measures how long after the last commit of an order's confirmation its
// event is at a webhook receiver, beside how long after it a bare binlog reader has
// the row.
//
// Visitors place so many orders a second on an InnoDB shop (OpenCart 4): each drafts
// the order as shoptest does, and confirms it with the writes of OpenCart's
// addHistory, one autocommitted statement each. The last of these inserts the row of
// oc_order_history, with a comment of its own. Three times are taken of it, by one
// clock in this process:
//
//	sent      just before the visitor sends the INSERT
//	reader    go-mysql's BinlogSyncer, synchronous and decoding nothing but this
//	          table, hands over the row: the least any follower of the log needs
//	request   the receiver has read the first request whose order shows the comment
//
// Commit to reader is reader - sent, commit to webhook is request - sent; both hold
// the INSERT's own execution, which their difference does not. The agent is the
// built program with settle 0s and one webhook sink to 127.0.0.1, signed; it has no
// warm-up beyond the first two seconds of orders, which do not count. An order whose
// event does not come within 30 s of the end is an error, not a figure.
func (b *bench) latency(ctx context.Context, rate int, length time.Duration) error {
	times := &times{}
	receiver, err := newReceiver(times)
	if err != nil {
		return err
	}
	defer receiver.Close()
	a, err := b.configure("latency", "{settle: 0s, snapshot: []}",
		fmt.Sprintf(`{name: hook, type: webhook, url: "http://%s/events", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}`, receiver.addr))
	if err != nil {
		return err
	}
	identity, err := canal.Inspect(ctx, b.server.DB())
	if err != nil {
		return err
	}
	here, err := canal.Here(ctx, b.server.DB(), identity)
	if err != nil {
		return err
	}
	reader, err := newReader(b.server, here, times)
	if err != nil {
		return err
	}
	defer reader.Close()
	r, err := a.run(ctx)
	if err != nil {
		return err
	}
	if err := r.reach(ctx, here); err != nil {
		return r.kill(err)
	}
	cpu, err := cpuSoFar(r.cmd.Process.Pid)
	if err != nil {
		return r.kill(err)
	}
	began := time.Now()
	placed, err := b.place(ctx, rate, length, times)
	took := time.Since(began)
	if err != nil {
		return r.kill(err)
	}
	missing := placed
	for deadline := time.Now().Add(30 * time.Second); missing > 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		missing = times.missing()
	}
	if missing > 0 {
		return r.kill(fmt.Errorf("%d of %d orders did not arrive (%d requests)", missing, placed, receiver.count()))
	}
	spent, err := cpuSoFar(r.cmd.Process.Pid)
	if err != nil {
		return r.kill(err)
	}
	direct, hook, behind := times.figures(2 * rate)
	fmt.Printf("latency: %d orders, %.0f a second, %d requests, octail took %.0f %% of one core, load average %s\n",
		placed, float64(placed)/took.Seconds(), receiver.count(), 100*(spent-cpu).Seconds()/took.Seconds(), loadAverage())
	fmt.Printf("latency: commit -> reader  %s\n", direct)
	fmt.Printf("latency: commit -> webhook %s\n", hook)
	fmt.Printf("latency: webhook behind the reader, order by order %s\n", behind)
	fmt.Printf("latency: p50 %.1f ms behind the reader's (aim 10), p99 %.1f ms (aim 40)\n", ms(hook.p50-direct.p50), ms(hook.p99-direct.p99))
	return r.end()
}

// place lets visitors place orders at an even rate, whether or not earlier ones are
// done, and tells when each last write was sent.
func (b *bench) place(ctx context.Context, rate int, length time.Duration, times *times) (int, error) {
	db, err := b.server.Open(database, true)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxIdleConns(32)
	shop := shoptest.NewShop(db, shoptest.V4, "oc_", 5)
	count := int(length.Seconds() * float64(rate))
	times.make(count)
	began := time.Now()
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range count {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate)))):
			}
			next <- i
		}
	}()
	var visitors sync.WaitGroup
	errs := make([]error, 16)
	for v := range errs {
		visitors.Go(func() {
			for i := range next {
				if errs[v] == nil {
					errs[v] = order(ctx, db, shop, i, times)
				}
			}
		})
	}
	visitors.Wait()
	return count, errors.Join(append(errs, ctx.Err())...)
}

const comment = "bench order "

// order is one visitor's.
func order(ctx context.Context, db *sql.DB, shop *shoptest.Shop, number int, times *times) error {
	c, err := shop.RandomCheckout(ctx)
	if err != nil {
		return err
	}
	c.Comment = ""
	id, err := shop.Draft(ctx, c)
	if err != nil {
		return err
	}
	for _, q := range []string{
		"UPDATE oc_statistics SET value = value + 1 WHERE code = 'order_processing'",
		"UPDATE oc_product SET quantity = quantity - 1 WHERE subtract = 1 AND product_id = (SELECT MIN(product_id) FROM oc_order_product WHERE order_id = " + strconv.FormatInt(id, 10) + ")",
		"UPDATE oc_order SET order_status_id = 1 WHERE order_id = " + strconv.FormatInt(id, 10),
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	times.sent(number)
	_, err = db.ExecContext(ctx, "INSERT INTO oc_order_history SET order_id = ?, order_status_id = 1, notify = 0, comment = ?, date_added = NOW()", id, comment+strconv.Itoa(number)+".")
	return err
}

// times are those of each order, by its number.
type times struct {
	mu sync.Mutex
	of []three
}

type three struct{ sent, reader, request time.Time }

func (t *times) make(count int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of = make([]three, count)
}

func (t *times) sent(number int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[number].sent = time.Now()
}

// seen notes the orders whose comment is in a text for the first time.
func (t *times) seen(text []byte, at time.Time, which func(*three) *time.Time) {
	for {
		_, behind, found := bytes.Cut(text, []byte(comment))
		if !found {
			return
		}
		digits, _, _ := bytes.Cut(behind, []byte("."))
		number, err := strconv.Atoi(string(digits))
		t.mu.Lock()
		if err == nil && number < len(t.of) {
			if to := which(&t.of[number]); to.IsZero() {
				*to = at
			}
		}
		t.mu.Unlock()
		text = behind
	}
}

func (t *times) missing() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.of {
		if o.reader.IsZero() || o.request.IsZero() {
			n++
		}
	}
	return n
}

// figures leaves out the first orders.
func (t *times) figures(first int) (direct, hook, behind figure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var a, b, c []time.Duration
	for _, o := range t.of[min(first, len(t.of)-1):] {
		a, b, c = append(a, o.reader.Sub(o.sent)), append(b, o.request.Sub(o.sent)), append(c, o.request.Sub(o.reader))
	}
	return figureOf(a), figureOf(b), figureOf(c)
}

type figure struct{ p50, p99, most time.Duration }

func figureOf(list []time.Duration) figure {
	slices.Sort(list)
	at := func(p float64) time.Duration { return list[min(len(list)-1, int(p*float64(len(list))))] }
	return figure{at(.50), at(.99), list[len(list)-1]}
}

func (f figure) String() string {
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, max %.1f ms", ms(f.p50), ms(f.p99), ms(f.most))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// receiver is a webhook receiver that says 204 to everything.
type receiver struct {
	server http.Server
	addr   string
	mu     sync.Mutex
	taken  int
}

func newReceiver(times *times) (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{addr: l.Addr().String()}
	r.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		times.seen(body, time.Now(), func(t *three) *time.Time { return &t.request })
		r.mu.Lock()
		r.taken++
		r.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	go r.server.Serve(l)
	return r, nil
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken
}

// Close ends it.
func (r *receiver) Close() error { return r.server.Close() }

// reader is the bare binlog reader.
type reader struct {
	syncer *replication.BinlogSyncer
	times  *times
}

func newReader(server *shoptest.Server, from canal.Position, times *times) (*reader, error) {
	r := &reader{times: times}
	r.syncer = replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID: 4_000_000_002, Flavor: mysql.MariaDBFlavor, Host: server.Socket(), User: "root", DisableRetrySync: true,
		SynchronousEventHandler: r, Logger: slog.New(slog.DiscardHandler),
		RowsEventDecodeFunc: func(e *replication.RowsEvent, data []byte) error {
			at, err := e.DecodeHeader(data)
			if err != nil || e.Table == nil || string(e.Table.Table) != "oc_order_history" {
				return err
			}
			return e.DecodeData(at, data)
		},
	})
	set, err := mysql.ParseGTIDSet(mysql.MariaDBFlavor, from.GTID)
	if err == nil {
		_, err = r.syncer.StartSyncGTID(set)
	}
	if err != nil {
		r.syncer.Close()
		return nil, fmt.Errorf("read the binlog: %w", err)
	}
	return r, nil
}

// HandleEvent implements replication.EventHandler.
func (r *reader) HandleEvent(e *replication.BinlogEvent) error {
	rows, ok := e.Event.(*replication.RowsEvent)
	if !ok {
		return nil
	}
	now := time.Now()
	for _, row := range rows.Rows {
		for _, v := range row {
			switch text := v.(type) {
			case []byte:
				r.times.seen(text, now, func(t *three) *time.Time { return &t.reader })
			case string:
				r.times.seen([]byte(text), now, func(t *three) *time.Time { return &t.reader })
			}
		}
	}
	return nil
}

// Close ends it.
func (r *reader) Close() { r.syncer.Close() }
