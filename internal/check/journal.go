package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"octail/internal/config"
	"octail/internal/journal"
)

// openJournal looks whether there is a journal and whether it can be used. The
// agent's own is open already.
func (c *checker) openJournal(ctx context.Context) error {
	path := c.Config.Journal.Path
	if c.Journal == nil {
		there, err := c.tryRead(path)
		if !there || err != nil {
			return err
		}
		j, err := journal.Look(ctx, path)
		if err != nil {
			c.fail("journal", "", "%s", firstLine(err)) // names what to do
			return nil
		}
		c.closers = append(c.closers, func() { _ = j.Close() })
		c.Journal = j
	}
	n, err := c.Journal.Counts(ctx)
	if err != nil {
		return err
	}
	c.ok("journal", "the journal %s has %s in %s", path, count(int(n.Events), "event"), size(uint64(n.Bytes)))
	return nil
}

// tryRead says what there is where the journal should be: nothing, which is how
// every octail begins, or a file that this user can read.
func (c *checker) tryRead(path string) (there bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(path + ".born"); err == nil {
			c.warn("journal", "# put back a backup of it, if there is one: "+path,
				"the journal %s is gone: octail will read the shop as at a first start (capture.snapshot says what; add order: 30d for the orders of 30 days) and deliver under a new birth mark", path)
			return false, nil
		}
		c.ok("journal", "there is no journal yet; the first start makes %s", path)
		return false, nil
	}
	if err != nil {
		c.fail("journal", chown(filepath.Dir(path)), "the journal %s cannot be read (%s)", path, reason(err))
		return false, nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() == 0 { // made, but killed before anything was in it
		c.ok("journal", "the journal %s is empty yet", path)
		return false, nil
	}
	return true, nil
}

// pinNames are the values that a journal is made with and that its documents depend
// on, by their names in the journal's meta table.
var pinNames = []string{"shop", "prefix", "database", "timezone", "currency", "language"}

// pin is one of them, for people.
type pin struct {
	what    string // setting
	meaning string // of a change
	undo    func(c *checker, old string) string
}

func shopLine(key string) func(*checker, string) string {
	return func(c *checker, old string) string { return c.line("", fmt.Sprintf("%s: %q", key, old)) }
}

var pinned = map[string]pin{
	"shop": {"shop.name", "all events would come from another source, and the sinks would take everything for new", shopLine("name")},
	"prefix": {"shop.table_prefix", "octail would take another shop's tables for this one's, and report what is not there as deleted",
		shopLine("table_prefix")},
	"database": {"shop.mysql.database", "octail would take another database for the shop's, and report what is not there as deleted",
		func(c *checker, old string) string { return c.line("mysql", fmt.Sprintf("database: %q", old)) }},
	"timezone": {"the shop's time zone", "all times in documents would shift", shopLine("timezone")},
}

// applied are the pins whose change octail announces and applies: what they are, and
// what a change means.
var applied = map[string][2]string{
	"currency": {"the shop's currency", "prices are in the new one from here on, orders keep the one they were sold in"},
	"language": {"the shop's language", "products, categories and customers are compared; names of statuses and the like change with an entity's next revision"},
}

// Defaults reads the shop's default currency and language, as documents use them.
// Either is "" when the shop has no such setting.
func Defaults(ctx context.Context, db *sql.DB, prefix string) (currency, language string, err error) {
	if currency, err = shopSetting(ctx, db, prefix, "config_currency"); err != nil {
		return "", "", fmt.Errorf("ask the shop for its currency: %w", err)
	}
	for _, key := range []string{"config_language_catalog", "config_language"} { // the first since 4.1
		if language, err = shopSetting(ctx, db, prefix, key); err != nil {
			return "", "", fmt.Errorf("ask the shop for its language: %w", err)
		}
		if language != "" {
			break
		}
	}
	return currency, language, nil
}

// pins compares what the journal was made with and what is now.
func (c *checker) pins(ctx context.Context) error {
	now := map[string]string{"shop": c.Config.Shop.Name, "prefix": c.Config.Shop.TablePrefix, "database": c.settings().Database}
	if c.zone != nil {
		now["timezone"] = c.zone.String()
	} else if z := c.Config.Shop.Timezone; z != config.TimezoneAuto {
		now["timezone"] = z
	}
	if c.connected && c.schema != nil {
		currency, language, err := Defaults(ctx, c.db, c.Config.Shop.TablePrefix)
		if err != nil {
			return asked("compare with the journal", err)
		}
		now["currency"], now["language"] = currency, language
	}
	same := true
	for _, n := range pinNames {
		old, err := c.Journal.Meta(ctx, n)
		if err != nil {
			return err
		}
		value, known := now[n]
		if old == "" || !known {
			continue
		}
		if n == "prefix" { // stored behind a word: an empty one would look unset
			old = strings.TrimPrefix(old, "prefix ")
		}
		if old == value {
			continue
		}
		same = false
		if means, ok := applied[n]; ok {
			c.warn("pins", "# nothing has to be done", "%s is %q now, and was %q when the journal's documents were made: octail goes on by itself, %s", means[0], value, old, means[1])
			continue
		}
		p, path := pinned[n], c.Journal.Path()
		c.fail("pins", p.undo(c, old)+"\n# To go on with "+fmt.Sprintf("%q", value)+" all the same, stop octail and move the journal away: everything is then read and delivered anew.\n"+
			fmt.Sprintf("# mkdir %[1]s.old && mv %[1]s %[1]s.old/; mv %[1]s-wal %[1]s-shm %[1]s.old/ 2>/dev/null", path),
			"%s is %q now, but the journal was made with %q: %s", p.what, value, old, p.meaning)
	}
	if same {
		c.ok("pins", "shop, tables, time zone, currency and language are those the journal was made with")
	}
	return nil
}
