package check_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/transform/document"
)

// TestPosition: the check says of a stored position what the server says when one
// really starts there.
func TestPosition(t *testing.T) {
	type place = canal.Position
	big := func(i *installation, _ place) place {
		reset(i)
		i.sql("UPDATE {db}.oc_setting SET serialized = 1 - serialized")
		return i.position()
	}
	anew := func(i *installation) {
		reset(i)
		write(i)
		write(i)
	}
	future := map[string]string{onMariaDB: "0-1-99999999", onMySQL: ":1-99999999"}
	cases := []struct {
		name string
		// place is made from the server's present position; behind runs after it.
		place  func(i *installation, p place) place
		behind func(i *installation)
		want   error
		says   string
	}{
		{"here", nil, nil, nil, "still holds all behind octail's place"},
		{"some time ago", nil, write, nil, "still holds"},
		{"purged", nil, purge, canal.ErrPurged, "was deleted"},
		{"in the future", func(i *installation, p place) place {
			if i.server.Flavor() == onMySQL {
				return place{GTID: strings.TrimPrefix(i.identity().Identity, "mysql/") + future[onMySQL], File: p.File, Offset: p.Offset}
			}
			return place{GTID: future[onMariaDB], File: p.File, Offset: p.Offset}
		}, nil, canal.ErrDiverged, "is not in this server's binary log"},
		{"log reset", nil, reset, canal.ErrDiverged, "is not in this server's binary log"},
		{"the same GTID anew", big, anew, canal.ErrDiverged, "is not in this server's binary log"},
		{"without GTID", fileOnly, write, nil, "still holds"},
		{"purged without GTID", fileOnly, purge, canal.ErrPurged, "was deleted"},
		{"past the end without GTID", func(_ *installation, p place) place { return place{File: p.File, Offset: p.Offset + 1<<30} }, nil, canal.ErrDiverged, "is not in this"},
	}
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			server := sound(t, flavor)
			t.Parallel() // most of it is waiting
			i := install(t, server, shoptest.V4)
			i.openJournal(nil)
			if _, err := i.journal.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: document.Key{Entity: "order", ID: 1}, Kind: document.Created,
				Time: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Origin: document.FromShop, Fields: []byte{}, Data: []byte(`{}`)}}}); err != nil {
				t.Fatal(err)
			}
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					i.t = t
					write(i)
					p := i.position()
					if c.place != nil {
						p = c.place(i, p)
					}
					i.store(p, i.identity().Identity)
					if c.behind != nil {
						c.behind(i)
					}
					// Numbers given anew show only when the log has grown past the place.
					if err := i.follow(p); !errors.Is(err, c.want) && c.name != "the same GTID anew" {
						t.Errorf("the server says %v, want %v", err, c.want)
					}
					r := i.run()
					if c.want == nil {
						wants(t, r)
					} else {
						wants(t, r, "warning position")
						wants(t, i.essential(), "warning position")
						if f := found(t, r, "position"); !strings.Contains(f.Message, "octail will compare everything") || !strings.Contains(f.Message, "2026-11-20T10:00:00Z") {
							t.Error(f.Message)
						}
					}
					if !strings.Contains(textOf(r), c.says) {
						t.Errorf("nothing of %q:\n%s", c.says, textOf(r))
					}
				})
			}
		})
	}
}

// follow streams from p until the server has sent a change, or refused.
func (i *installation) follow(p canal.Position) error {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), 30*time.Second)
	defer cancel()
	c := i.stream(4712)
	ended := make(chan error, 1)
	sent := make(ear, 1)
	go func() { ended <- c.Run(ctx, p, sent) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for written := false; ; {
		select {
		case <-sent:
			cancel()
			return <-ended
		case err := <-ended:
			if ctx.Err() != nil {
				i.t.Error("the server neither sent nor refused anything")
			}
			return err
		case <-tick.C:
			if c.Status().Connected && !written { // some servers only notice when they have something to send
				write(i)
				written = true
			}
		}
	}
}

// ear is a canal.Handler that tells of transactions.
type ear chan struct{}

func (e ear) Commit(canal.Transaction) error {
	select {
	case e <- struct{}{}:
	default:
	}
	return nil
}

func (ear) Progress(canal.Position) error { return nil }

func fileOnly(_ *installation, p canal.Position) canal.Position {
	return canal.Position{File: p.File, Offset: p.Offset}
}

func write(i *installation) {
	i.t.Helper()
	i.sql("UPDATE {db}.oc_currency SET value = value + 1")
}

func purge(i *installation) {
	i.t.Helper()
	write(i)
	i.sql("FLUSH BINARY LOGS")
	write(i)
	i.sql("FLUSH BINARY LOGS")
	// MariaDB keeps a file until its commits are safe, and while a dump thread that has lost
	// its client holds it.
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		i.sql("PURGE BINARY LOGS TO '" + i.position().File + "'")
		files, err := canal.LogFiles(i.t.Context(), i.server.DB())
		if err != nil {
			i.t.Fatal(err)
		}
		if len(files) == 1 {
			return
		}
		if time.Now().After(end) {
			i.t.Fatalf("the server does not purge: %v", files)
		}
	}
}

func reset(i *installation) {
	i.t.Helper()
	if i.server.Flavor() == onMySQL {
		i.sql("RESET BINARY LOGS AND GTIDS")
	} else {
		i.sql("RESET MASTER")
	}
}

// TestIdentity: another server than last time.
func TestIdentity(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V4)
			i.openJournal(nil)
			i.here()
			wants(t, i.run())
			i.store(i.position(), flavor+"/another")
			r := i.run()
			wants(t, r, "warning identity")
			if f := found(t, r, "identity"); !strings.Contains(f.Message, "octail looks for its place by GTID") {
				t.Error(f.Message)
			}
			wants(t, i.essential(), "warning identity")
			i.store(fileOnly(i, i.position()), flavor+"/another")
			r = i.run()
			wants(t, r, "warning identity")
			if f := found(t, r, "identity"); !strings.Contains(f.Message, "octail will compare everything") {
				t.Error(f.Message)
			}
			if len(r.LeftOut) != 1 || r.LeftOut[0].Check != "position" {
				t.Errorf("%+v", r.LeftOut)
			}
		})
	}
}

// TestNoPosition: none yet, and one that cannot be read.
func TestNoPosition(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	i.openJournal(nil)
	r := i.run()
	wants(t, r)
	if len(r.LeftOut) != 1 || r.LeftOut[0] != (check.LeftOut{Check: "position", Reason: "none is stored yet"}) {
		t.Errorf("%+v", r.LeftOut)
	}
	if _, err := i.journal.Append(t.Context(), journal.Commit{Position: "scribble"}); err != nil {
		t.Fatal(err)
	}
	wants(t, i.run(), "warning position")
}

// TestPins: the journal was made with other values. The remedy undoes the change.
func TestPins(t *testing.T) {
	cases := []struct {
		name   string
		meta   map[string]string
		change func(i *installation)
		says   string
	}{
		{"shop", map[string]string{"shop": "test-shop"}, func(i *installation) { i.config.Shop.Name = "other-shop" }, `shop.name is "other-shop" now, but the journal was made with "test-shop"`},
		{"prefix", map[string]string{"prefix": "prefix oc_"}, func(i *installation) {
			i.sql(strings.Join(renames(i, "oc_", "new_"), ";"))
			i.config.Shop.TablePrefix = "new_"
		}, `shop.table_prefix is "new_" now`},
		{"prefix without", map[string]string{"prefix": "prefix "}, func(*installation) {}, `the journal was made with ""`},
		{"database", map[string]string{"database": "old_shop"}, func(*installation) {}, `the journal was made with "old_shop"`},
		{"timezone", map[string]string{"timezone": "Europe/Berlin"}, func(i *installation) {
			i.sql("UPDATE {db}.oc_setting SET value = 'Europe/Kyiv' WHERE `key` = 'config_timezone'")
		}, `the shop's time zone is "Europe/Kyiv" now`},
		{"currency", map[string]string{"currency": "EUR"}, func(i *installation) {
			i.sql("UPDATE {db}.oc_setting SET value = 'USD' WHERE `key` = 'config_currency'")
		}, `the shop's currency is "USD" now`},
		{"language", map[string]string{"language": "{now}"}, func(i *installation) {
			i.sql("UPDATE {db}.oc_setting SET value = 'xx-xx' WHERE `key` IN ('config_language', 'config_language_catalog')")
		}, `the shop's language is "xx-xx" now`},
	}
	for _, gen := range []shoptest.Generation{shoptest.V3, shoptest.V4} {
		for _, c := range cases {
			if gen == shoptest.V3 && !slices.Contains([]string{"timezone", "currency", "language"}, c.name) { // what a shop has is read by generation
				continue
			}
			t.Run(gen.String()+"/"+c.name, func(t *testing.T) {
				i := install(t, sound(t, onMariaDB), gen)
				_, language, err := check.Defaults(t.Context(), i.deps().DB, "oc_")
				if err != nil || language == "" {
					t.Fatal(language, err)
				}
				if c.meta["language"] != "" {
					c.meta["language"] = language
				}
				i.openJournal(c.meta)
				i.here()
				if c.name != "prefix without" && c.name != "database" {
					wants(t, i.run())
				}
				c.change(i)
				r := i.run()
				f := found(t, r, "pins")
				if !strings.Contains(f.Message, c.says) {
					t.Errorf("%s, want %s", f.Message, c.says)
				}
				if c.name == "currency" || c.name == "language" { // the agent applies these
					wants(t, r, "warning pins")
					wants(t, i.essential(), "warning pins")
					return
				}
				wants(t, r, "error pins")
				wants(t, i.essential(), "error pins")
				if !strings.Contains(f.Remedy, " stop octail and move the journal away") {
					t.Error(f.Remedy)
				}
				i.apply(f)
				switch c.name {
				case "prefix":
					i.sql(strings.Join(renames(i, "new_", "oc_"), ";"))
				case "prefix without", "database":
					if i.config.Shop.TablePrefix != "" && i.config.Shop.MySQL.Database != "old_shop" {
						t.Errorf("%+v", i.config.Shop)
					}
					return
				}
				wants(t, i.run())
			})
		}
	}
}

func renames(i *installation, from, to string) []string {
	i.t.Helper()
	rows, err := i.server.DB().Query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?", i.config.Shop.MySQL.Database)
	if err != nil {
		i.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			i.t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(name, from); ok {
			out = append(out, "RENAME TABLE {db}.`"+name+"` TO {db}.`"+to+rest+"`")
		}
	}
	return out
}

// TestJournalFile: what lies at journal.path.
func TestJournalFile(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	path := i.config.Journal.Path
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wants(t, i.run())
	must(os.WriteFile(path, nil, 0o600))
	wants(t, i.run())
	must(os.WriteFile(path, []byte(strings.Repeat("this is no database ", 1000)), 0o600))
	r := i.run()
	wants(t, r, "error journal")
	if f := found(t, r, "journal"); !strings.Contains(f.Message, "the journal is damaged") || !strings.Contains(f.Message, path) {
		t.Error(f.Message)
	}
	must(os.Remove(path))

	i.openJournal(map[string]string{"schema_version": "9999"})
	must(i.journal.Close())
	i.journal = nil
	r = i.run()
	wants(t, r, "error journal")
	if f := found(t, r, "journal"); !strings.Contains(f.Message, "newer version of octail") {
		t.Error(f.Message)
	}
	must(os.Remove(path))
	wants(t, i.run(), "warning journal") // the file beside it remembers that there was one

	i.openJournal(nil)
	i.here()
	i.journal = nil // beside a running agent: check looks for itself
	r = i.run()
	wants(t, r)
	if len(r.LeftOut) > 0 || !strings.Contains(textOf(r), "has 0 events in") {
		t.Error(textOf(r))
	}
}

// TestJournalTruncated: every page of the file but the first is lost.
func TestJournalTruncated(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	i.openJournal(nil)
	i.here()
	if err := i.journal.Close(); err != nil {
		t.Fatal(err)
	}
	i.journal = nil
	if err := os.Truncate(i.config.Journal.Path, 4096); err != nil {
		t.Fatal(err)
	}
	wants(t, i.run(), "error journal")
}

// TestDisk: where the journal is to lie.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	const gib = 1 << 30
	for _, c := range []struct {
		name   string
		dir    string
		max    int64
		free   uint64
		level  check.Level
		says   string
		remedy string
	}{
		{"good", dir, 4 * gib, 2 * gib, check.OK, dir + " can be written to and has 2.0 GiB free", ""},
		{"missing", filepath.Join(dir, "none"), 1, 2 * gib, check.OK, "the first start makes the journal's directory " + filepath.Join(dir, "none") + "; " + dir + " has 2.0 GiB free", ""},
		{"missing deeply", filepath.Join(dir, "none", "at", "all"), 1, 2 * gib, check.OK, "; " + dir + " has", ""},
		{"missing and nearly full", filepath.Join(dir, "none"), 1, gib / 2, check.Warning, "only 512 MiB are free in " + dir, "df -h " + dir},
		{"missing and not to be made", "/proc/none", 1, 2 * gib, check.Error, "does not exist, and this user may not make it in /proc", "install -d -m 0700 -o "},
		{"not writable", "/proc", 1, 2 * gib, check.Error, "nothing can be written", "chown -R "},
		{"a file", file, 1, 2 * gib, check.Error, file + ", where the journal's directory should be, is no directory", "journal.path"},
		{"in a file", filepath.Join(file, "below", "it"), 1, 2 * gib, check.Error, file + ", where the journal's directory should be, is no directory", "journal.path"},
		{"a link to nowhere", filepath.Join(link, "below"), 1, 2 * gib, check.Error, link + ", where the journal's directory should be, is no directory", "journal.path"},
		{"nearly full", dir, 1, gib / 2, check.Warning, "only 512 MiB are free", "df -h"},
		{"too small", dir, 16 * gib, 4*gib - 1, check.Warning, "although the journal may grow to 16.0 GiB", "journal.max_bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &installation{t: t}
			i.config.Shop.MySQL.Address = "unix:" + filepath.Join(dir, "none.sock")
			i.config.Journal.Path, i.config.Journal.MaxBytes = filepath.Join(c.dir, "octail.db"), c.max
			asked := ""
			r := check.Run(t.Context(), check.WithFree(i.deps(), func(dir string) (uint64, error) {
				asked = dir
				return c.free, nil
			}))
			n := 0
			for _, f := range r.Findings {
				if f.Check != "disk" {
					continue
				}
				n++
				if f.Level != c.level || !strings.Contains(f.Message, c.says) || !strings.Contains(f.Remedy, c.remedy) || (f.Remedy == "") != (c.level == check.OK) {
					t.Errorf("%+v", f)
				}
			}
			if n != 1 {
				t.Errorf("%d findings", n)
			}
			if asked != "" && asked != dir {
				t.Errorf("asked for the space in %s", asked)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
				t.Errorf("left behind: %v %v", entries, err)
			}
		})
	}
}

// TestFree asks the system, of which nothing is known but that it answers.
func TestFree(t *testing.T) {
	if _, err := check.Free(t.TempDir()); err != nil {
		t.Error(err)
	}
	if _, err := check.Free("/no/such/directory"); err == nil {
		t.Error("there is space in no directory")
	}
}
