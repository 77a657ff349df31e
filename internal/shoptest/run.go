package shoptest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Step is one thing that happened in a running shop.
type Step struct {
	Kind   string // what happened: "place", "abandon", "status", "edit", ...; each act names its own
	Entity string // what it was about: "order", "customer", "product", "stock", "category", or "" for noise
	ID     int64  // its id, 0 where several or none are touched
	Text   string // one readable sentence without a full stop
}

// visitors is the number of requests a running shop serves at the same time.
const visitors = 4

// Run lets visitors and staff use the shop until ctx ends: about rate steps a second,
// or as many as the server takes if rate is 0, with several of them at the same time.
// What happens, and every choice in it, follows from the seed of the shop; the ids and
// the order in which parallel steps end do not. It reports each step when it is done,
// never two at the same time.
//
// When ctx ends, Run completes what was begun (an order that is being placed is
// confirmed) and returns nil. An error of the server ends it early.
func Run(ctx context.Context, s *Shop, rate float64, report func(Step)) error {
	return run(ctx, s, rate, visitors, report)
}

func run(ctx context.Context, s *Shop, rate float64, visitors int, report func(Step)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	seed := uint64(s.number(1 << 31))
	choose := rand.New(rand.NewPCG(seed, 0))
	town := &town{}
	for i := range catalogueCustomers() {
		town.customers.put(int64(i + 1))
	}
	town.orders.put(s.confirmed()...)

	var tick <-chan time.Time
	if rate > 0 {
		ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
		defer ticker.Stop()
		tick = ticker.C
	}
	var running sync.WaitGroup
	var reports sync.Mutex
	free := make(chan struct{}, visitors)
	for n := uint64(1); ctx.Err() == nil; n++ {
		if tick != nil {
			select {
			case <-tick:
			case <-ctx.Done():
				continue
			}
		}
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		act := choice(choose)
		v := &visit{Shop: s.visitor(seed, n), town: town, report: func(step Step) {
			reports.Lock()
			defer reports.Unlock()
			report(step)
		}}
		running.Go(func() {
			defer func() { <-free }()
			if err := act(ctx, v); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != ctx.Err() {
		return err
	}
	return nil
}

// town is what the visitors of a run know of each other's doings.
type town struct {
	orders     pool // confirmed ones
	customers  pool
	products   pool // those created in this run, which may be deleted
	categories pool
}

// pool is a set of ids. Who works on one takes it out, so that nobody deletes it
// meanwhile.
type pool struct {
	mu  sync.Mutex
	ids []int64
}

func (p *pool) put(ids ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids = append(p.ids, ids...)
}

// take removes an id chosen by number, which is given how many there are.
func (p *pool) take(number func(int) int) (int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ids) == 0 {
		return 0, false
	}
	slices.Sort(p.ids)
	i := number(len(p.ids))
	id := p.ids[i]
	p.ids = slices.Delete(p.ids, i, i+1)
	return id, true
}
