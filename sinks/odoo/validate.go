package odoo

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"octail/internal/config"
)

// mostBatch: a call of so many orders takes tens of seconds.
const mostBatch = 100

// Validate reports what decoding cannot see.
func (c *Config) Validate(s *config.Section) {
	s.CheckURL("url", c.URL)
	if c.Database == "" {
		s.Problem("database", "missing; write the database's name, as Odoo's login page or /web/database/manager shows it")
	}
	oneOf(s, "transport", c.Transport, "auto", "json2", "xmlrpc")
	c.validateLogin(s)
	if c.Batch < 1 || c.Batch > mostBatch {
		s.Problem("batch", "%s is not possible; write a number from 1 to %d, best 10 to 20", s.Quote("batch"), mostBatch)
	}
	oneOf(s, "stock", c.Stock, stockIgnore, stockPush)
	if c.Location != "" && c.Stock == stockIgnore {
		s.Problem("location", "is of no use while stock is ignore; write stock: push, or remove the line")
	}
	c.Customers.validate(s)
	c.Products.validate(s)
	c.Orders.validate(s)
	c.Mappings.validate(s)
}

// validateLogin: a key alone is JSON-2's; XML-RPC wants a login with a key or password.
func (c *Config) validateLogin(s *config.Section) {
	key, password := c.APIKey.Reveal() != "", c.Password.Reveal() != ""
	switch {
	case !key && !password:
		s.Problem("api_key", "missing; write the API key of the user octail is to be (in Odoo, as that user: My Preferences > Security > API Keys), or login and password")
	case key && password:
		s.Problem("password", "is not used beside api_key; remove one of the two")
	case !key && c.Transport == "json2":
		s.Problem("api_key", "missing, and JSON-2 takes no password; write a key (in Odoo, as that user: My Preferences > Security > API Keys), or transport: xmlrpc")
	case c.Login == "" && !key:
		s.Problem("login", "missing; write the login name that the password is of")
	case c.Login == "" && c.Transport == "xmlrpc":
		s.Problem("login", "missing; XML-RPC wants the user's login name beside the key")
	}
}

func (c *Customers) validate(s *config.Section) {
	someOf(s, "customers.match", c.Match, "email", "phone", "ref")
	switch rest := strings.NewReplacer("{shop}", "", "{id}", "").Replace(c.Ref); {
	case c.Ref == "" && slices.Contains(c.Match, "ref"):
		s.Problem("customers.ref", "is empty, while customers.match has ref; write the reference that contacts have in Odoo, e.g. \"{shop}-{id}\"")
	case c.Ref != "" && !strings.Contains(c.Ref, "{id}"):
		s.Problem("customers.ref", "must have {id} in it, for the customer's id in the shop, e.g. \"{shop}-{id}\": else all customers would be one; or \"\" for none")
	case strings.ContainsAny(rest, "{}"):
		s.Problem("customers.ref", "can have no other parts in braces than {shop} and {id}; remove them")
	}
	oneOf(s, "customers.groups", c.Groups, "ignore", "tag", "pricelist")
	oneOf(s, "customers.guests", c.Guests, "contact", "match")
	if c.Guests == "match" && len(c.Match) == 0 {
		s.Problem("customers.guests", "match is not possible while customers.match is empty; write how contacts are found there, e.g. [email], or guests: contact")
	}
	oneOf(s, "customers.deleted", c.Deleted, "archive", "ignore")
}

func (c *Products) validate(s *config.Section) {
	someOf(s, "products.match", c.Match, "sku", "barcode", "model")
	oneOf(s, "products.variants", c.Variants, "auto", "never", "always")
	for _, name := range keys(s, "products.options", c.Options) {
		oneOf(s, "products.options."+name, c.Options[name], "variant", "text")
	}
	someOf(s, "products.sku", c.SKU, "sku", "model", "id")
	someOf(s, "products.barcode", c.Barcode, "ean", "upc", "isbn", "jan", "mpn", "sku", "model")
	if c.Language != "" && !languageCode.MatchString(c.Language) {
		s.Problem("products.language", "%s is not possible; write a language as the shop has it, e.g. de-de", s.Quote("products.language"))
	}
	oneOf(s, "products.description", c.Description, descriptionSale, descriptionNone)
	oneOf(s, "products.deleted", c.Deleted, "archive", "ignore")
	for _, code := range keys(s, "products.services", c.Services) {
		filled(s, "products.services."+code, c.Services[code], "the internal reference or id of a product in Odoo")
	}
}

func (c *Orders) validate(s *config.Section) {
	if c.Number != "" && strings.Count(c.Number, "{number}") != 1 {
		s.Problem("orders.number", "must have {number} in it once, for the shop's number, e.g. \"OC-{number}\"; or \"\" for Odoo's own numbers")
	} else if strings.ContainsAny(strings.Replace(c.Number, "{number}", "", 1), "{}") {
		s.Problem("orders.number", "can have no other part in braces than {number}; remove it")
	}
	oneOf(s, "orders.confirm", c.Confirm, "action", "state")
	oneOf(s, "orders.tax", c.Tax, "mapped", asLines)
	oneOf(s, "orders.deleted", c.Deleted, "cancel", "archive", "ignore")
}

var (
	currencyCode = regexp.MustCompile(`^[A-Za-z]{3}$`)
	languageCode = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
)

func (c *Mappings) validate(s *config.Section) {
	for _, key := range keys(s, "mappings.status", c.Status) {
		if !slices.Contains(saleStates, fold(c.Status[key])) {
			oneOf(s, "mappings.status."+key, c.Status[key], saleStates...)
		}
	}
	keys(s, "mappings.payment", c.Payment)
	for _, key := range keys(s, "mappings.carrier", c.Carrier) {
		filled(s, "mappings.carrier."+key, c.Carrier[key], "the name or id of a delivery method")
	}
	for _, key := range keys(s, "mappings.tax", c.Tax) {
		filled(s, "mappings.tax."+key, c.Tax[key], "the name or id of a sales tax, or "+asLines)
	}
	c.validateRates(s)
	for _, key := range keys(s, "mappings.currency", c.Currency) {
		if !currencyCode.MatchString(key) {
			s.Problem("mappings.currency."+key, "is no currency; write its code of three letters, e.g. EUR: name of a pricelist")
		}
		filled(s, "mappings.currency."+key, c.Currency[key], "the name or id of a pricelist")
	}
	keys(s, "mappings.store", c.Store)
	for _, key := range keys(s, "mappings.category", c.Category) {
		filled(s, "mappings.category."+key, c.Category[key], "the name, path or id of a product category")
	}
	for _, key := range keys(s, "mappings.warehouse", c.Warehouse) {
		filled(s, "mappings.warehouse."+key, c.Warehouse[key], "the code, name or id of a warehouse")
	}
	for at, has := range map[string]bool{
		"mappings.status": hasDefault(c.Status), "mappings.tax": hasDefault(c.Tax), "mappings.currency": hasDefault(c.Currency), "mappings.category": hasDefault(c.Category),
	} {
		if has {
			s.Problem(at+"."+otherwise, "is not possible here: each value needs a line of its own; remove it")
		}
	}
}

// validateRates: 20% and 20.0000 are one rate.
func (c *Mappings) validateRates(s *config.Section) {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(c.Tax)) {
		r, ok := parseRate(key)
		if !ok {
			continue
		}
		r.amount = trimmed(r.amount)
		if other := seen[r.String()]; other != "" {
			s.Problem("mappings.tax."+key, "is the same rate as %s; keep one", strconv.Quote(other))
		}
		seen[r.String()] = key
	}
}

func hasDefault[T any](mapping map[string]T) bool {
	_, ok := mapping[otherwise]
	return ok
}

// keys are a mapping's, sorted; two that are the same when looked up are a mistake.
func keys[T any](s *config.Section, at string, mapping map[string]T) []string {
	sorted := slices.Sorted(maps.Keys(mapping))
	seen := map[string]bool{}
	for _, key := range sorted {
		switch {
		case fold(key) == "":
			s.Problem(at+"."+key, "a key is empty; write the shop's value before the colon")
		case seen[fold(key)]:
			s.Problem(at+"."+key, "is there twice, since case and spaces make no difference; keep one")
		}
		seen[fold(key)] = true
	}
	return sorted
}

// filled reports a value that is empty.
func filled(s *config.Section, key, value, what string) {
	if fold(value) == "" {
		s.Problem(key, "is empty; write %s, or remove the line", what)
	}
}

// oneOf reports a value that is not among the known ones.
func oneOf(s *config.Section, key, value string, known ...string) {
	if !slices.Contains(known, value) {
		s.Problem(key, "%s is not possible; write one of: %s", s.Quote(key), strings.Join(known, ", "))
	}
}

// someOf reports what is not among the known ones in a list, or is in it twice.
func someOf(s *config.Section, key string, values []string, known ...string) {
	for i, v := range values {
		at := key + "[" + strconv.Itoa(i) + "]"
		oneOf(s, at, v, known...)
		if slices.Index(values, v) < i {
			s.Problem(at, "is in the list twice; keep one")
		}
	}
}
