package shoptest

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"regexp"
	"strings"
)

// Generation is a generation of OpenCart: its tables and the order of its writes.
type Generation int

const (
	V1  Generation = iota + 1 // OpenCart 1.5.6: MyISAM, no custom fields, lines keep their ids
	V2                        // OpenCart 2.3.0: MyISAM, url_alias, customers are approved in their row
	V3                        // OpenCart 3.0.5: MyISAM, NOT NULL columns, zero dates
	V40                       // OpenCart 4.0.2: InnoDB, JSON methods, codes and specials as in 3.0
	V4                        // OpenCart 4.1.0.4: InnoDB, nullable columns, JSON methods
)

// Generations are all of them, the oldest first.
var Generations = []Generation{V1, V2, V3, V40, V4}

var releases = map[Generation]struct {
	name  string
	files []string // of the folder schema
}{
	V1:  {"OpenCart 1.5.6", []string{"v1.sql", "seed.sql", "seed_v1.sql"}},
	V2:  {"OpenCart 2.3.0", []string{"v2.sql", "seed.sql", "seed_since2.sql", "seed_v2.sql"}},
	V3:  {"OpenCart 3.0.5", []string{"v3.sql", "seed.sql", "seed_since2.sql", "seed_since3.sql", "seed_v3.sql"}},
	V40: {"OpenCart 4.0.2", []string{"v40.sql", "seed.sql", "seed_since2.sql", "seed_since3.sql", "seed_v40.sql"}},
	V4:  {"OpenCart 4.1.0.4", []string{"v4.sql", "seed.sql", "seed_since2.sql", "seed_since3.sql", "seed_v4.sql"}},
}

func (g Generation) String() string { return releases[g].name }

// Zone is the time zone that a shop of the generation writes its times in, "" when it
// is the database server's own, whatever that is: before 3.0 there is no setting.
func (g Generation) Zone() string {
	if g < V3 {
		return ""
	}
	return "Europe/Berlin"
}

//go:embed schema/*.sql
var schemaFiles embed.FS

// sessionMode is the sql_mode of every OpenCart connection since 3.0: not strict, so
// that zero dates and empty numbers pass. Before it was empty.
const sessionMode = "NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION"

// LoadOption changes what Load creates.
type LoadOption func(*loadOptions)

type loadOptions struct {
	engine string
	empty  bool
}

// Engine makes all tables with one storage engine, "InnoDB" or "MyISAM", instead of
// those of the release.
func Engine(name string) LoadOption { return func(o *loadOptions) { o.engine = name } }

// WithoutCatalogue leaves out products, categories and customers; languages,
// currencies, statuses, taxes and settings are there.
func WithoutCatalogue() LoadOption { return func(o *loadOptions) { o.empty = true } }

// Load creates a shop in the database db is connected to: the tables of the
// generation with the prefix ("oc_", may be empty), the settings of a new shop and
// the catalogue of [Catalogue]. It fails if the tables exist already; after an error
// the database is half filled and best dropped.
func Load(ctx context.Context, db *sql.DB, gen Generation, prefix string, options ...LoadOption) error {
	var o loadOptions
	for _, set := range options {
		set(&o)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("load the shop: %w", err)
	}
	defer discard(conn)
	if _, err := conn.ExecContext(ctx, "SET NAMES utf8mb4, SESSION sql_mode = '"+sessionMode+"'"); err != nil {
		return fmt.Errorf("load the shop: %w", err)
	}
	for _, file := range releases[gen].files {
		text, err := schemaFiles.ReadFile("schema/" + file)
		if err != nil {
			return fmt.Errorf("load the shop: %w", err)
		}
		for _, statement := range statements(string(text), gen, prefix, o.engine) {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("load the shop: %s: %w\n%s", file, err, statement)
			}
		}
	}
	if o.empty {
		return nil
	}
	return loadCatalogue(ctx, NewShop(db, gen, prefix, 1))
}

// loadCatalogue lets the shop's own code write its first products, categories and
// customers. They are one transaction, to be quick.
func loadCatalogue(ctx context.Context, s *Shop) error {
	return s.do(ctx, "load the catalogue", func(r *request) {
		r.exec("START TRANSACTION")
		for _, c := range catalogueCategories() {
			r.createCategory(c)
		}
		for _, p := range Catalogue() {
			r.createProduct(p)
		}
		for _, c := range catalogueCustomers() {
			id := r.register(c.Person)
			r.noticeVisitor(id)
			for i, a := range c.addresses {
				r.addAddress(id, a, i == 0)
			}
		}
		r.exec("COMMIT")
	})
}

var engineClause = regexp.MustCompile(`\n\) ENGINE=(\w+)$`)

// statements splits one of our own scripts, in which a semicolon at the end of a
// line ends a statement, and puts in prefix, engine (empty: as written) and
// character set.
func statements(script string, gen Generation, prefix, engine string) []string {
	if engine == "" {
		engine = "${1}"
	}
	script = strings.ReplaceAll(script, "`oc_", "`"+prefix)
	if engine == "MyISAM" {
		// A MyISAM key ends at 1000 bytes. The server cuts keys of one column itself.
		script = strings.ReplaceAll(script, "KEY query (`key`, value)", "KEY query (`key`, value(180))")
	}
	charset := "utf8mb4 COLLATE=utf8mb4_unicode_ci"
	if gen < V3 {
		charset = "utf8"
	}
	var list []string
	for s := range strings.SplitSeq(script, ";\n") {
		s = engineClause.ReplaceAllString(s, "\n) ENGINE="+engine+" DEFAULT CHARSET="+charset)
		if strings.TrimSpace(s) != "" {
			list = append(list, s)
		}
	}
	return list
}
