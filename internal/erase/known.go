package erase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"octail/internal/journal"
	"octail/transform/document"
)

// ErrUnknown: neither shop nor journal know anything of the person, so that a mistyped id
// or address is likelier. Nothing was done: who is kept out once is kept out for good.
var ErrUnknown = errors.New("nothing was done")

// mustBeKnown refuses somebody of whom nothing is known, unless that is asked for.
func (r *run) mustBeKnown(ctx context.Context, req Request) error {
	if req.Unknown || r.known || r.cfg.Journal.Forgotten(req.Customer, req.Email) {
		return nil
	}
	if err := r.cfg.Transform.Made(ctx); err != nil { // what is being made may speak of the person
		return err
	}
	spoken, err := r.spokenOf(ctx, req)
	switch {
	case err != nil:
		return err
	case spoken:
		return nil
	case req.Customer > 0:
		return fmt.Errorf("%w: there is no customer %d in the shop, and the journal has never had one. Is the id right? With --unknown this id is kept out all the same, should it ever come", ErrUnknown, req.Customer)
	}
	return fmt.Errorf("%w: the journal knows nobody with this address. Is it right? With --unknown it is kept out all the same, should it ever come (from older orders of the shop, for example)", ErrUnknown)
}

// errFound ends a search.
var errFound = errors.New("found")

// spokenOf searches all events: of a customer that is gone, orders may be left; an address
// may stand in a former value, or in somebody else's gift voucher.
func (r *run) spokenOf(ctx context.Context, req Request) (bool, error) {
	address := []byte(journal.NormalEmail(req.Email))
	_, err := r.cfg.Journal.Scan(ctx, 0, kinds, func(e journal.Stored) error {
		if req.Customer == 0 {
			if bytes.Contains(bytes.ToLower(e.Data), address) {
				return errFound
			}
			return nil
		}
		if e.Entity == document.CustomerEntity && e.ID == req.Customer {
			return errFound
		}
		type state struct{ Customer struct{ ID int64 } }
		var d struct{ Document, Previous state }
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return fmt.Errorf("read event %d: %w", e.Sequence, err)
		}
		if slices.Contains([]int64{d.Document.Customer.ID, d.Previous.Customer.ID}, req.Customer) {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}
