package shoptest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// Shop writes to the database of a shop as OpenCart does: each method is one request
// of a visitor or of staff, runs its statements one by one, each its own transaction,
// in the order in which OpenCart of that generation was seen to write them, over a
// connection with OpenCart's session settings.
//
// A method that has begun finishes even when its context ends, as PHP does when the
// browser goes away; it returns the context's error only when it did not begin.
// Methods are safe for concurrent use; two of them on the same order, product or
// customer, and any two on categories, wait for each other. None is safe to repeat:
// each call happens.
//
// Texts are given as people type them; the shop stores them HTML-escaped.
type Shop struct {
	*site
	randomMu sync.Mutex
	random   *rand.Rand
}

// site is what all visitors of a shop share.
type site struct {
	db     *sql.DB
	gen    Generation
	prefix string

	mu       sync.Mutex
	settings *settings
	locks    map[subject]*sync.Mutex
	orders   map[int64]*OrderTruth
	sessions map[int64]string // of visitors, by the order they are placing
	drafts   int
}

// subject is what a request works on.
type subject struct {
	kind string
	id   int64
}

// requestTimeout ends a request to a server that does not answer any more.
const requestTimeout = time.Minute

// NewShop returns the shop in the database db is connected to, which Load has filled.
// The seed fixes whatever a method chooses itself: names, passwords, carts.
func NewShop(db *sql.DB, gen Generation, prefix string, seed uint64) *Shop {
	return (&Shop{site: &site{
		db: db, gen: gen, prefix: prefix,
		locks:    map[subject]*sync.Mutex{},
		orders:   map[int64]*OrderTruth{},
		sessions: map[int64]string{},
	}}).visitor(seed, 0)
}

// visitor returns the same shop with choices of its own.
func (s *Shop) visitor(seed, number uint64) *Shop {
	return &Shop{site: s.site, random: rand.New(rand.NewPCG(seed, number))}
}

// Generation returns the shop's generation of OpenCart.
func (s *Shop) Generation() Generation { return s.gen }

// settings is what the shop's code reads from its settings at each request.
type settings struct {
	offset     *time.Location // config_timezone; nil: the server's, as it is
	currency   string         // config_currency
	status     int64          // config_order_status_id: that of a confirmed order
	void       int64          // the status of an order while staff edits it
	country    int64          // config_country_id and config_zone_id: where the shop is
	zone       int64
	processing map[int64]bool // statuses in which stock is taken
	complete   map[int64]bool
}

// do runs one request. The subjects are locked meanwhile, in the order given.
func (s *Shop) do(ctx context.Context, what string, f func(r *request), subjects ...subject) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, on := range subjects {
		defer s.lock(on)()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer discard(conn)
	r := &request{shop: s, ctx: ctx, conn: conn}
	r.connect()
	if r.err == nil {
		f(r)
	}
	if r.err != nil {
		return fmt.Errorf("%s: %w", what, r.err)
	}
	return nil
}

func (s *Shop) lock(on subject) (unlock func()) {
	s.mu.Lock()
	m := s.locks[on]
	if m == nil {
		m = new(sync.Mutex)
		s.locks[on] = m
	}
	s.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// connect gives the connection the settings OpenCart gives it.
func (r *request) connect() {
	charset := "utf8mb4"
	if r.shop.gen <= V3 {
		charset = "utf8" // even where the tables are utf8mb4
	}
	mode := sessionMode
	if r.shop.gen < V3 {
		mode = ""
	}
	r.exec("SET NAMES " + charset)
	r.exec("SET SESSION sql_mode = '" + mode + "'")
	if r.shop.gen >= V40 {
		r.exec("SET FOREIGN_KEY_CHECKS = 0")
	}
	if set := r.loadSettings(); set != nil && set.offset != nil {
		// The number, not the name: it changes with daylight saving.
		r.exec("SET time_zone = ?", time.Now().In(set.offset).Format("-07:00"))
	}
}

// loadSettings reads the settings the first time they are needed.
func (r *request) loadSettings() *settings {
	s := r.shop
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings != nil {
		return s.settings
	}
	values := map[string]string{}
	group := "code"
	if s.gen == V1 {
		group = "`group`"
	}
	r.each(func(scan func(...any)) {
		var key, value string
		scan(&key, &value)
		values[key] = value
	}, "SELECT `key`, COALESCE(value, '') FROM {setting} WHERE store_id = 0 AND "+group+" = 'config'")
	if r.err != nil {
		return nil
	}
	set := &settings{currency: values["config_currency"]}
	if zone := s.gen.Zone(); zone != "" {
		if set.offset, r.err = time.LoadLocation(values["config_timezone"]); r.err != nil {
			return nil
		}
	}
	number := func(key string) int64 {
		n, err := strconv.ParseInt(values[key], 10, 64)
		if err != nil {
			r.fail(fmt.Errorf("read the setting %s: %w", key, err))
		}
		return n
	}
	set.status, set.country, set.zone = number("config_order_status_id"), number("config_country_id"), number("config_zone_id")
	if s.gen == V4 { // before, an order that is edited has status 0
		set.void = number("config_void_status_id")
	}
	if s.gen == V1 {
		set.complete = map[int64]bool{number("config_complete_status_id"): true}
		if r.err != nil {
			return nil
		}
		s.settings = set
		return set
	}
	set.processing = r.statusSet(values["config_processing_status"])
	set.complete = r.statusSet(values["config_complete_status"])
	if r.err != nil {
		return nil
	}
	s.settings = set
	return set
}

// statusSet decodes a setting such as ["5","1"].
func (r *request) statusSet(text string) map[int64]bool {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		r.fail(fmt.Errorf("decode a list of statuses: %w", err))
	}
	set := map[int64]bool{}
	for _, item := range list {
		id, err := strconv.ParseInt(item, 10, 64)
		if err != nil {
			r.fail(fmt.Errorf("decode a list of statuses: %w", err))
		}
		set[id] = true
	}
	return set
}

// sold says whether an order in this status has taken its stock.
func (set *settings) sold(status int64) bool { return set.processing[status] || set.complete[status] }

// number returns a random number in [0, n).
func (s *Shop) number(n int) int {
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	return s.random.IntN(n)
}

// token returns n random characters: passwords, session ids, voucher codes.
func (s *Shop) token(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	text := make([]byte, n)
	for i := range text {
		text[i] = letters[s.random.IntN(len(letters))]
	}
	return string(text)
}

func pick[T any](s *Shop, list []T) T { return list[s.number(len(list))] }
