package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"octail/canal"
	"octail/internal/shop"
	"octail/transform"
)

// table is one that octail reads. The columns without which documents would be wrong
// rather than shorter are transform's to know.
type table struct {
	name string
	core bool                    // documents cannot be made without it
	in   func(*shop.Schema) bool // which releases have it; nil: all
}

// The marks of a release are columns that every reader of the shop needs anyway,
// so that they are visible however narrow the grants are.
func until40(s *shop.Schema) bool { return !since41(s) }
func since41(s *shop.Schema) bool {
	return s.Has("product_code") || s.Has("product") && !s.Has("product", "sku")
}
func since30(s *shop.Schema) bool { return supported(s.Generation()) && !until2(s) }
func until2(s *shop.Schema) bool  { return s.Generation() == "1.5" || s.Generation() == "2" }

// oldTags: before 1.5.4 tags are rows.
func oldTags(s *shop.Schema) bool {
	return s.Has("product_description") && !s.Has("product_description", "tag")
}

var known = []table{
	{"order", true, nil},
	{"order_product", true, nil},
	{"order_option", true, nil},
	{"order_total", true, nil},
	{"order_history", true, nil},
	{"order_voucher", false, until40},
	{"order_status", true, nil},

	{"customer", true, nil},
	{"address", true, nil},
	{"customer_group_description", false, nil},
	{"custom_field", false, nil},
	{"custom_field_description", false, nil},
	{"custom_field_value_description", false, nil},

	{"product", true, nil},
	{"product_code", true, since41},
	{"product_description", true, nil},
	{"product_tag", false, oldTags},
	{"product_option", true, nil},
	{"product_option_value", true, nil},
	{"product_to_category", true, nil},
	{"product_to_store", true, nil},
	{"product_image", false, nil},
	{"product_attribute", false, nil},
	{"product_discount", false, nil},
	{"product_special", false, until40},
	{"product_related", false, nil},
	{"manufacturer", false, nil},
	{"option", true, nil},
	{"option_description", true, nil},
	{"option_value_description", true, nil},
	{"attribute_description", false, nil},
	{"stock_status", false, nil},
	{"weight_class_description", false, nil},
	{"length_class_description", false, nil},

	{"category", true, nil},
	{"category_description", true, nil},
	{"category_path", true, nil},
	{"category_to_store", false, nil},
	{"seo_url", false, since30},
	{"url_alias", false, until2},

	{"setting", true, nil},
	{"language", true, nil},
	{"currency", true, nil},
	{"country", true, nil},
	{"country_description", false, since41},
	{"zone", true, nil},
	{"zone_description", false, since41},
	{"tax_class", false, nil},
	{"tax_rate", false, nil},
}

// expected lists the tables that a shop of this release has and that cannot be
// seen: not granted, or gone.
func expected(s *shop.Schema) []table {
	var out []table
	for _, t := range known {
		if !s.Has(t.name) && (t.in == nil || t.in(s)) {
			out = append(out, t)
		}
	}
	return out
}

// supported reports whether documents of the release are right: all from 1.5.
func supported(generation string) bool { return generation != "" && generation != "unknown" }

// prefix finds the shop's tables.
func (c *checker) prefix(ctx context.Context) error {
	database, prefix := c.settings().Database, c.Config.Shop.TablePrefix
	if c.databaseMissing() {
		c.leaveOut("prefix", "there is no such database, or it may not be used")
		return nil
	}
	s, err := shop.ReadSchema(ctx, c.db, database, prefix)
	if err != nil {
		return asked("read the shop's schema", err)
	}
	if c.anyTable, err = c.mayReadAll(ctx); err != nil {
		return err
	}
	if s.IsOpenCart() {
		c.schema = s
		c.report.Generation = s.Generation()
		c.ok("prefix", "the shop's tables in the database %q begin with %q", database, prefix)
		return nil
	}
	found, err := shopPrefixes(ctx, c.db, database)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		var lines []string
		for _, p := range found {
			lines = append(lines, c.line("", fmt.Sprintf("table_prefix: %q", p)))
		}
		c.fail("prefix", strings.Join(lines, "\n"), "no OpenCart shop has tables that begin with %q in the database %q; one has tables that begin with %s",
			prefix, database, quoted(found))
		return nil
	}
	if !c.anyTable {
		c.fail("grants", fmt.Sprintf("GRANT SELECT ON %s.* TO %s;", name(database), c.account), "%s may not read the shop's tables in the database %q", c.account, database)
		return nil
	}
	if s.Has("order") || s.Has("product") || s.Has("customer") {
		var gone []string
		for _, t := range []string{"order", "product", "customer", "setting", "language"} {
			if !s.Has(t) {
				gone = append(gone, prefix+t)
			}
		}
		if len(gone) > 0 {
			c.fail("tables", "# if they were renamed, rename them back; else restore them from a backup of the shop's database", "the shop lacks the tables %s", some(gone))
			return nil
		}
	}
	others, err := shopDatabases(ctx, c.db)
	if err != nil {
		return err
	}
	if len(others) == 0 {
		c.fail("prefix", c.line("mysql", "database: ...   # what DB_DATABASE says in the shop's config.php"), "the database %q holds no OpenCart shop", database)
		return nil
	}
	var lines []string
	for _, d := range others {
		lines = append(lines, c.line("mysql", "database: "+d))
	}
	c.fail("prefix", strings.Join(lines, "\n"), "the database %q holds no OpenCart shop; there is one in %s", database, quoted(others))
	return nil
}

func (c *checker) databaseMissing() bool {
	return slices.ContainsFunc(c.report.Findings, func(f Finding) bool { return f.Check == "database" })
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}

// tables looks for tables that the shop's release has.
func (c *checker) tables(ctx context.Context) error {
	if !supported(c.report.Generation) {
		c.leaveOut("tables", "only those of OpenCart 1.5 to 4.1 are known")
		return nil
	}
	prefix := c.Config.Shop.TablePrefix
	var views []string
	for _, t := range transform.WatchList(c.schema) {
		if !c.polls() && c.schema.View(strings.TrimPrefix(t.Name, prefix)) {
			views = append(views, t.Name)
		}
	}
	if len(views) > 0 {
		c.fail("tables", "# octail has to read the tables themselves: set shop.mysql.database to where they are",
			"%s: a view, whose changes do not stand in the binary log under its name", some(views))
	}
	var core, other []string
	if c.anyTable { // else it is a matter of grants
		for _, t := range expected(c.schema) {
			if t.core {
				core = append(core, prefix+t.name)
			} else {
				other = append(other, prefix+t.name)
			}
		}
	}
	if len(core) > 0 {
		c.fail("tables", "# if they were renamed, rename them back; else restore them from a backup of the shop's database", "the shop lacks tables that every OpenCart %s has: %s", c.report.Generation, some(core))
	}
	if len(other) > 0 {
		c.warn("tables", "# nothing has to be done where the shop works without them; if they were renamed, rename them back; else restore them from a backup of its database", "the shop lacks tables that OpenCart %s has, and documents will lack what would stand there: %s", c.report.Generation, some(other))
	}
	if len(core)+len(other)+len(views) == 0 {
		c.ok("tables", "the tables are those of OpenCart %s", c.report.Generation)
	}
	return nil
}

// columns looks for columns without which documents would be wrong.
func (c *checker) columns(context.Context) error {
	if !supported(c.report.Generation) {
		c.leaveOut("columns", "only those of OpenCart 1.5 to 4.1 are known")
		return nil
	}
	var gone []string
	for _, t := range known {
		if !c.schema.Has(t.name) || transform.LeftOver(c.schema, t.name) {
			continue
		}
		for _, column := range transform.Needed(t.name) {
			if !c.schema.Has(t.name, column) {
				gone = append(gone, c.Config.Shop.TablePrefix+t.name+"."+column)
			}
		}
	}
	if len(gone) == 0 {
		c.ok("columns", "no column is missing")
		return nil
	}
	remedy := c.showColumns(gone) + "\n-- put the columns back as OpenCart " + c.report.Generation + " has them: an extension or a half-done update has renamed or removed them"
	if !c.anyTable { // what is not granted cannot be seen
		remedy = "-- where SELECT is granted by column, grant it on these too; if they are gone, put them back:\n" + c.grantColumns(gone)
	}
	c.fail("columns", remedy,
		"documents would be wrong without the columns %s", some(gone))
	return nil
}

// showColumns is the SQL that lists the columns of the tables of table.column pairs.
func (c *checker) showColumns(pairs []string) string {
	var lines []string
	for _, p := range pairs {
		t, _, _ := strings.Cut(p, ".")
		lines = append(lines, fmt.Sprintf("SHOW COLUMNS FROM %s.%s;", name(c.settings().Database), name(t)))
	}
	return strings.Join(slices.Compact(lines), "\n")
}

// grantColumns grants SELECT on table.column pairs.
func (c *checker) grantColumns(pairs []string) string {
	byTable := map[string][]string{}
	for _, p := range pairs {
		t, column, _ := strings.Cut(p, ".")
		byTable[t] = append(byTable[t], name(column))
	}
	var lines []string
	for _, t := range slices.Sorted(maps.Keys(byTable)) {
		lines = append(lines, fmt.Sprintf("GRANT SELECT (%s) ON %s.%s TO %s;", strings.Join(byTable[t], ", "), name(c.settings().Database), name(t), c.account))
	}
	return strings.Join(lines, "\n")
}

// compare shows a document as octail makes it.
const compare = "octail trace order 1   # the number of some order: compare it with the shop's administration, and products and customers likewise"

func (c *checker) openCart(context.Context) error {
	if g := c.report.Generation; supported(g) {
		c.ok("opencart", "the shop is an OpenCart %s", g)
	} else {
		c.warn("opencart", compare, "the shop's release of OpenCart is not known to this version of octail, which covers 1.5 to 4.1: compare some documents with the shop")
	}
	return nil
}

func (c *checker) engines(context.Context) error {
	byEngine := map[string]int{}
	for _, t := range transform.WatchList(c.schema) {
		if e := c.schema.Engine(strings.TrimPrefix(t.Name, c.Config.Shop.TablePrefix)); e != "" {
			byEngine[e]++
		}
	}
	var list []string
	for _, e := range slices.Sorted(maps.Keys(byEngine)) {
		list = append(list, fmt.Sprintf("%d %s", byEngine[e], e))
	}
	switch {
	case len(byEngine) == 1 && byEngine["InnoDB"] > 0:
		c.ok("engines", "all tables are InnoDB")
	case byEngine["InnoDB"] > 0:
		c.ok("engines", "the tables are of several engines (%s): that works, but changes of tables other than InnoDB are not atomic, and a crash can leave them half done", strings.Join(list, ", "))
	default:
		c.ok("engines", "the tables are not InnoDB (%s): that works, but their changes are not atomic, and a crash can leave them half done", strings.Join(list, ", "))
	}
	return nil
}

// characterSets looks for columns that are not stored in UTF-8.
func (c *checker) characterSets(ctx context.Context) error {
	rows, err := c.db.QueryContext(ctx, `SELECT DISTINCT CONCAT(TABLE_NAME, ' ', CHARACTER_SET_NAME) FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = ? AND CHARACTER_SET_NAME NOT IN ('utf8', 'utf8mb3', 'utf8mb4', 'ascii', 'binary') ORDER BY 1`, c.settings().Database)
	if err != nil {
		return asked("ask for character sets", err)
	}
	pairs, err := texts(rows)
	if err != nil {
		return asked("ask for character sets", err)
	}
	watched := transform.WatchList(c.schema)
	var list, remedies []string
	for _, p := range pairs {
		t, charset, _ := strings.Cut(p, " ")
		if slices.ContainsFunc(watched, func(w canal.Table) bool { return w.Name == t }) {
			list = append(list, t+" ("+charset+")")
			remedies = append(remedies, fmt.Sprintf("ALTER TABLE %s.%s CONVERT TO CHARACTER SET utf8mb4;", name(c.settings().Database), name(t)))
		}
	}
	if len(list) == 0 {
		c.ok("character-set", "all texts are stored in UTF-8")
		return nil
	}
	c.warn("character-set", "-- Nothing has to be done when names with special letters look right in the shop and in the documents. To convert (after a backup):\n"+strings.Join(slices.Compact(remedies), "\n"),
		"texts are not stored in UTF-8 in %s: the server converts them, and what it cannot convert becomes a question mark", some(list))
	return nil
}
