package odoo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

var (
	_ sinks.Checker = (*sink)(nil)
	_ sinks.Shower  = (*sink)(nil)
)

// need is a right that deliveries of an entity want.
type need struct {
	entity     string
	model      string
	operations []string
	group, old string // who has it, as Odoo's settings name the group, from 18 on and before
	app        string // that brings the model; "": where it is not installed it is not missed
	when       func(c *Config) bool
}

// Operations as Odoo names them.
var (
	reads  = []string{"read"}
	writes = []string{"write", "create"} // who may not read, may not write
)

// Groups that have the rights, as Settings > Users & Companies > Users names them; tried
// with users that have Internal User and one of them.
const (
	contactCreation = "Contact / Creation"
	contactOld      = "Extra Rights / Contact Creation"
	salesAll        = "Sales / User: All Documents"
	salesAdmin      = "Sales / Administrator"
	productCreate   = "Products / Create"
	inventoryAdmin  = "Inventory / Administrator"
	invoicing       = "Accounting / Invoicing"
	billing         = "Invoicing / Billing"
)

func always(*Config) bool { return true }

// reaches tells whether an order may get to one of the states.
func reaches(states ...saleState) func(*Config) bool {
	return func(c *Config) bool {
		for name, state := range usual {
			if _, own := lookup(c.Mappings.Status, name); !own && slices.Contains(states, state) {
				return true
			}
		}
		for _, name := range c.Mappings.Status {
			if i := slices.Index(saleStates, fold(name)); i >= 0 && slices.Contains(states, saleState(i)) {
				return true
			}
		}
		return false
	}
}

// wanted are all rights the sink may want.
var wanted = []need{
	{document.CustomerEntity, "res.partner", writes, contactCreation, contactOld, "Contacts", always},
	{document.CustomerEntity, "res.partner.category", writes, contactCreation, contactOld, "Contacts", func(c *Config) bool { return c.Customers.Groups == "tag" }},
	{document.CategoryEntity, "product.category", writes, productCreate, salesAdmin, "Sales", always},
	{document.ProductEntity, "product.product", writes, productCreate, salesAdmin, "Sales", always},
	{document.ProductEntity, "product.template", writes, productCreate, salesAdmin, "Sales", always},
	{document.ProductEntity, "product.attribute", writes, productCreate, salesAdmin, "Sales", func(c *Config) bool { return c.Products.Variants != "never" }},
	{document.ProductEntity, "product.pricelist.item", writes, productCreate, salesAdmin, "Sales", func(c *Config) bool { return c.Products.Specials }},
	// Counts are applied for those alone who may change locations, whatever the rights on
	// stock.quant say.
	{document.StockEntity, "stock.location", writes, inventoryAdmin, inventoryAdmin, "Inventory", always},
	{document.OrderEntity, "res.partner", writes, contactCreation, contactOld, "Contacts", always},
	{document.OrderEntity, "sale.order", writes, salesAll, salesAll, "Sales", always},
	{document.OrderEntity, "sale.order.line", writes, salesAll, salesAll, "Sales", always},
	{document.OrderEntity, "product.product", writes, productCreate, salesAdmin, "Sales", always}, // shipping, coupon, rounding
	{document.OrderEntity, "product.pricelist", reads, salesAll, salesAll, "Sales", always},
	{document.OrderEntity, "account.tax", reads, salesAll, salesAll, "Invoicing", always},
	{document.OrderEntity, "account.payment.term", reads, salesAll, salesAll, "Invoicing", always},
	{document.OrderEntity, "delivery.carrier", reads, salesAll, salesAll, "", always},
	{document.OrderEntity, "delivery.carrier", writes, salesAdmin, salesAdmin, "", func(c *Config) bool { return !hasDefault(c.Mappings.Carrier) }}, // those that are missing
	{document.OrderEntity, "stock.picking", writes, salesAll, salesAll, "", reaches(delivered, invoiced, paid)},
	{document.OrderEntity, "stock.move", writes, salesAll, salesAll, "", reaches(delivered, invoiced, paid)},
	{document.OrderEntity, "sale.advance.payment.inv", writes, salesAll, salesAll, "Sales", reaches(invoiced, paid)},
	{document.OrderEntity, "account.move", writes, invoicing, billing, "Invoicing", reaches(invoiced, paid)},
	{document.OrderEntity, "account.payment.register", writes, invoicing, billing, "Invoicing", reaches(paid)},
	{document.OrderEntity, "account.journal", reads, invoicing, billing, "Invoicing", reaches(paid)},
}

// Check implements sinks.Checker: version, database, user and secret, the company, a right
// for each model that is going to be used, and what the settings name. It tells all that
// is missing at once.
func (s *sink) Check(ctx context.Context) error {
	s.setShown("")
	s.forget() // somebody may have just mended it
	v, err := s.rpc.Version(ctx)
	if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	b, err := s.known(ctx)
	if err != nil {
		return err
	}
	lacks, err := s.lacking(ctx, v)
	if err != nil {
		return err
	}
	if !b.mailed && slices.Contains(s.entities, document.OrderEntity) {
		lacks = append(lacks, "an e-mail address (Odoo writes no notes without a sender)")
	}
	if len(lacks) > 0 {
		return sinks.Mark(sinks.Blocked, fmt.Errorf("octail's user (id %d) in Odoo lacks %s. An administrator mends the user at Settings > Users & Companies > Users, and installs missing apps at Apps", b.user, strings.Join(lacks, "; ")))
	}
	if err := s.misnamed(ctx); err != nil {
		return err
	}
	key, err := s.keyEnd(ctx, b.user)
	if err != nil {
		return err
	}
	transport, err := s.rpc.Speaks(ctx)
	if err != nil {
		return err
	}
	shown := fmt.Sprintf("Odoo %s by %s, database %s, company %q, user %d, who may write all that this sink writes", v.Text, transport, s.cfg.Database, b.company.name, b.user)
	switch {
	case !key.IsZero():
		shown += ", " + keyText(key, time.Now())
	case s.cfg.APIKey.Reveal() == "":
		shown += ", by password"
	}
	s.setShown(shown)
	return nil
}

func (s *sink) setShown(text string) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.shown = text
}

// Shown implements sinks.Shower.
func (s *sink) Shown() string {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.memory.shown
}

// lacking are the groups and apps that are missing, each with what it is wanted for.
func (s *sink) lacking(ctx context.Context, v rpc.Version) ([]string, error) {
	type answer struct{ model, operation string }
	asked := map[answer]bool{}
	missing := map[string][]string{} // by group or app
	var order []string
	lack := func(what, why string) {
		if missing[what] == nil {
			order = append(order, what)
		}
		if !slices.Contains(missing[what], why) {
			missing[what] = append(missing[what], why)
		}
	}
	for _, n := range wanted {
		if !slices.Contains(s.entities, n.entity) || !n.when(&s.cfg) {
			continue
		}
		var refused []string
		for _, operation := range n.operations {
			a := answer{n.model, operation}
			ok, known := asked[a]
			if !known {
				var err error
				ok, err = s.rpc.Allowed(ctx, n.model, operation)
				if e, is := rpc.As(err); is && e.Kind == rpc.Method {
					if n.app != "" {
						lack("the app "+n.app, n.model)
					}
					break
				}
				if err != nil {
					return nil, fmt.Errorf("ask for the rights on %s: %w", n.model, err)
				}
				asked[a] = ok
			}
			if !ok {
				refused = append(refused, operation)
			}
		}
		if len(refused) > 0 {
			group := n.group
			if v.Major < 18 {
				group = n.old
			}
			lack("the group "+group, strings.Join(refused, ", ")+" "+n.model)
		}
	}
	if all, admin := missing["the group "+salesAll], missing["the group "+salesAdmin]; all != nil && admin != nil { // it has both
		missing["the group "+salesAdmin] = append(admin, all...)
		order = slices.DeleteFunc(order, func(what string) bool { return what == "the group "+salesAll })
	}
	var out []string
	for _, what := range order {
		out = append(out, what+" ("+strings.Join(missing[what], "; ")+")")
	}
	return out, nil
}

// When an end of the key is announced, and how often it is looked at while octail runs.
const (
	keyNotice = 14 * 24 * time.Hour
	keyEvery  = 24 * time.Hour
)

// keyEnd is when the user's API key ends, of several the one that ends first; zero: there
// is no end, or it is not known (before 18 keys have none).
func (s *sink) keyEnd(ctx context.Context, user int64) (time.Time, error) {
	if s.cfg.APIKey.Reveal() == "" {
		return time.Time{}, nil
	}
	if ends, err := s.has(ctx, "res.users.apikeys", "expiration_date"); err != nil || !ends {
		return time.Time{}, err
	}
	var keys []struct {
		End rpc.Text `json:"expiration_date"`
	}
	err := s.rpc.SearchRead(ctx, "res.users.apikeys", rpc.Find{Domain: []any{[]any{"user_id", "=", user}}, Fields: []string{"expiration_date"}}, &keys)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask when the API key ends: %w", err)
	}
	var first time.Time
	for _, k := range keys {
		end, err := time.Parse(time.DateTime, string(k.End))
		// One that has ended is not the one that octail has.
		if err == nil && end.After(time.Now()) && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	return first, nil
}

// keyText says when a key ends, and what to do when that is soon.
func keyText(end, now time.Time) string {
	text := "its API key ends on " + end.UTC().Format(time.DateOnly)
	if left := end.Sub(now); left < keyNotice {
		text += fmt.Sprintf(", in %d days: make a new one in Odoo as that user (My Preferences, Security, API Keys), put it where api_key says, then: octail reload", int(left/(24*time.Hour)))
	}
	return text
}

// watchKey logs once a day that the API key ends soon. What it cannot find out shows
// when the key has ended.
func (s *sink) watchKey(ctx context.Context) {
	if s.cfg.APIKey.Reveal() == "" || time.Since(s.keySeen) < keyEvery {
		return
	}
	s.keySeen = time.Now()
	b, err := s.known(ctx)
	if err != nil {
		return
	}
	end, err := s.keyEnd(ctx, b.user)
	if err == nil && !end.IsZero() && time.Until(end) < keyNotice {
		s.log.Warn("odoo: " + keyText(end, time.Now()))
	}
}
