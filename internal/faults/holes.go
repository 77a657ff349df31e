package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"octail/internal/shoptest"
)

// holes are the cases in which the binlog ends, lies or says too little.
var holes = []fault{
	{"F22", "binlog purged past our position", purged, false},
	{"F23", "binlog begun anew; restored dump", begunAnew, false},
	{"F25", "GTIDs left out; errant transaction on the replica", leftOut, false},
	{"F26", "binlog_format and row image changed at run time", formats, false},
	{"F27", "TRUNCATE, foreign key cascade, LOAD DATA, statements", unseen, false},
	{"F28", "columns added, dropped, renamed while the agent is far behind", columnsChange, false},
	{"F29", "tables renamed; a second shop in the same database", tablesGo, false},
}

// begin opens a shop and has the agent read all of it.
func (s *scene) begin(args ...string) {
	s.open(shoptest.V4, args...)
	s.conf.snapshot = "[customer, product, stock, category, order]"
	s.ready()
	s.place(5)
	s.settle()
}

// purge makes the server forget all but a new, empty binlog file.
func (s *scene) purge() {
	s.sql(s.server.DB(), "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
	s.until("the server to purge its log", func() bool {
		files := s.binlogs()
		if len(files) > 1 { // a dump thread that has lost its client may hold one a little longer
			s.sql(s.server.DB(), "PURGE BINARY LOGS TO '"+files[len(files)-1]+"'")
		}
		return len(files) == 1
	})
}

func (s *scene) binlogs() (names []string) {
	rows, err := s.server.DB().QueryContext(s.ctx, "SHOW BINARY LOGS")
	s.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	s.must(err)
	into := make([]any, len(columns))
	var name string
	into[0] = &name
	for i := range into[1:] {
		into[i+1] = new(any)
	}
	for rows.Next() {
		s.must(rows.Scan(into...))
		names = append(names, name)
	}
	return names
}

// closed wants that a hole was said once with its window, and closed by comparing.
func (s *scene) closed() {
	s.want(len(s.agent.said("hole in the binlog", "intermediate steps between", "are not known")) == 1, "the hole is said %d times", len(s.agent.said("hole in the binlog")))
	s.until("the hole to be closed", func() bool {
		st, err := s.agent.status()
		return err == nil && st.Source.Hole != nil && !st.Source.Hole.Closed.IsZero()
	})
	st, err := s.agent.status()
	s.must(err)
	h := st.Source.Hole
	s.figure("gap", h.Found.Sub(h.ReadUpTo))
	s.figure("repaired", h.Created+h.Changed)
	s.figure("deleted", h.Deleted)
	s.want(s.agent.metric("octail_source_gaps_total") == "1", "octail_source_gaps_total is %q", s.agent.metric("octail_source_gaps_total"))
}

func purged(s *scene) {
	s.begin()
	s.stop()
	ids := s.place(5)
	s.must(s.shop.DeleteOrder(s.ctx, 1))
	s.must(s.shop.SetStatus(s.ctx, ids[0], 2, "", false))
	s.purge()
	s.place(2)
	s.ready()
	s.recover()
	s.closed()
}

func begunAnew(s *scene) {
	s.part("reset", func(s *scene) {
		s.begin()
		s.stop()
		s.place(4)
		s.sql(s.server.DB(), "RESET MASTER")
		s.place(2)
		s.ready()
		s.recover()
		s.closed()
	})
	s.part("dump", func(s *scene) {
		s.begin()
		s.sql(s.server.DB(), "CREATE DATABASE saved CHARACTER SET utf8mb4")
		s.copyTables("shop", "saved")
		s.place(4) // delivered, and then they have never been
		s.sql(s.db, "UPDATE oc_product SET price = price + 1 WHERE product_id < 5", "DELETE FROM oc_customer WHERE customer_id = 1")
		s.settle()
		s.stop()
		s.copyTables("saved", "shop")
		s.sql(s.server.DB(), "RESET MASTER")
		s.goTo(s.server)
		s.place(2) // under numbers that were given before
		s.ready()
		s.recover()
		s.closed()
	})
}

// copyTables does what loading a dump does: table by table.
func (s *scene) copyTables(from, to string) {
	rows, err := s.db.QueryContext(s.ctx, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?", from)
	s.must(err)
	script := []string{"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"}
	for rows.Next() {
		var name string
		s.must(rows.Scan(&name))
		a, b := "`"+from+"`.`"+name+"`", "`"+to+"`.`"+name+"`"
		script = append(script, "DROP TABLE IF EXISTS "+b, "CREATE TABLE "+b+" LIKE "+a, "INSERT INTO "+b+" SELECT * FROM "+a)
	}
	s.must(rows.Close())
	s.sql(s.db, script...)
}

// quietly wants that no hole was found.
func (s *scene) quietly() {
	s.want(len(s.agent.said("hole in the binlog")) == 0, "a hole is said: %q", s.agent.said("hole in the binlog"))
}

func leftOut(s *scene) {
	s.part("gap", func(s *scene) {
		s.begin()
		_, last, _ := strings.Cut(strings.TrimPrefix(s.ask(s.db, "SELECT @@gtid_binlog_pos"), "0-"), "-")
		n, err := strconv.Atoi(last)
		s.must(err)
		s.sql(s.db, fmt.Sprintf("SET SESSION gtid_seq_no = %d", n+1000), "UPDATE oc_product SET price = price + 1 WHERE product_id = 1")
		s.place(1)
		s.recover()
		s.quietly()
	})
	s.part("errant", func(s *scene) {
		replica, at := s.pair(shoptest.Options{}, true)
		s.place(1)
		s.caughtUp(replica)
		promote(s, replica)
		s.sql(replica.DB(), "UPDATE shop.oc_product SET price = price + 1 WHERE product_id = 2")
		at.lead(replica)
		s.goTo(replica)
		s.place(1)
		s.recover()
		s.quietly()
	})
	s.part("instead", func(s *scene) { // of one that was read
		replica, at := s.pair(shoptest.Options{}, true)
		promote(s, replica)
		s.sql(s.db, "UPDATE oc_product SET price = price + 1 WHERE product_id = 2")
		s.settle()
		s.sql(replica.DB(), "UPDATE shop.oc_product SET price = price + 2 WHERE product_id = 3")
		at.lead(replica)
		s.goTo(replica)
		s.place(1)
		s.until("the hole to be found", func() bool { return len(s.agent.said("hole in the binlog")) > 0 })
		s.recover()
		s.closed()
	})
}

// doubted wants it said that rows may have changed unseen, and why.
func (s *scene) doubted(reason string) {
	s.until("it to be said that rows may have changed unseen", func() bool {
		return len(s.agent.said("rows may have changed without row events", "reason="+reason)) > 0
	})
	s.until("the comparison to be over", func() bool { return len(s.agent.said("compared with the shop: what", "reason="+reason)) > 0 })
	s.quietly()
}

// anew is the shop over connections made from now on: with the settings of now.
func (s *scene) anew() { s.goTo(s.server) }

func formats(s *scene) {
	s.begin()
	for _, c := range []struct{ name, set, back, reason, red string }{
		{"statement", "SET GLOBAL binlog_format = STATEMENT", "SET GLOBAL binlog_format = ROW", "statement", "binlog_format"},
		{"minimal", "SET GLOBAL binlog_row_image = MINIMAL", "SET GLOBAL binlog_row_image = FULL", "image", "binlog_row_image"},
	} {
		s.sql(s.server.DB(), c.set)
		s.anew()
		ids := s.place(3)
		s.must(s.shop.SetStatus(s.ctx, ids[0], 3, "shipped", true))
		s.sql(s.db, "UPDATE oc_order_product SET name = 'another' WHERE order_id = 2 LIMIT 1", "UPDATE oc_product_description SET name = 'another' WHERE product_id = 2")
		code, out := s.command("check")
		s.want(code == 1 && strings.Contains(out, c.red), "check ends with %d: %s", code, out)
		s.figure(c.name, s.settle())
		s.doubted(c.reason)
		s.sql(s.server.DB(), c.back)
		s.anew()
	}
	s.place(1)
	s.recover()
}

func unseen(s *scene) {
	s.begin()
	s.sql(s.db, "ALTER TABLE oc_category ENGINE=InnoDB", "ALTER TABLE oc_product_to_category ENGINE=InnoDB",
		"ALTER TABLE oc_product_to_category ADD FOREIGN KEY (category_id) REFERENCES oc_category (category_id) ON DELETE CASCADE")
	s.settle()
	file := filepath.Join(s.dir, "rows")
	s.must(os.WriteFile(file, []byte("1\tcatalog/a.jpg\t5\n2\tcatalog/b.jpg\t6\n"), 0o644))
	load := "LOAD DATA INFILE '" + file + "' INTO TABLE oc_product_image (product_id, image, sort_order)"
	count := func(query string) int {
		n, err := strconv.Atoi(s.ask(s.db, query))
		s.must(err)
		return n
	}
	for _, c := range []struct {
		name, made, reason string
		do                 []string
	}{
		{"cascade", "SELECT 1 + COUNT(DISTINCT product_id) FROM oc_product_to_category WHERE category_id = 1", "cascade",
			[]string{"DELETE FROM oc_category WHERE category_id = 1"}},
		{"truncate", "SELECT COUNT(DISTINCT product_id) FROM oc_product_image", "truncate", []string{"TRUNCATE TABLE oc_product_image"}},
		{"load", "SELECT 2", "", []string{load}},
		{"statement", "SELECT 4", "statement", []string{"SET SESSION binlog_format = STATEMENT", "UPDATE oc_product SET price = price + 1 WHERE product_id < 5"}},
		{"unlogged", "SELECT 4", "ddl", []string{"SET SESSION sql_log_bin = 0", "UPDATE oc_product SET price = price + 1 WHERE product_id < 5",
			"SET SESSION sql_log_bin = 1", "ALTER TABLE oc_product DROP COLUMN sort_order, ADD COLUMN sort_order INT NOT NULL DEFAULT 7 AFTER product_id"}},
	} {
		made := count(c.made)
		before, err := s.agent.status()
		s.must(err)
		s.sql(s.db, c.do...)
		s.settle()
		if c.reason != "" {
			s.doubted(c.reason)
			s.settle()
		}
		after, err := s.agent.status()
		s.must(err)
		found := int(after.Journal.Sequence - before.Journal.Sequence)
		s.figure(c.name, fmt.Sprintf("%d/%d", found, made))
		s.want(found >= made, "%s: %d entities changed, %d were found", c.name, made, found)
	}
	s.place(1)
	s.recover()
}

// columnsChange alters tables between writes while the agent is stopped, and takes a
// column away that orders need while it runs.
func columnsChange(s *scene) {
	s.begin()
	s.stop()
	orders := pick(s, 60, 15) // some twenty row changes each
	alter := [][]string{
		{"ALTER TABLE oc_order ADD COLUMN note_of_an_extension VARCHAR(40) NOT NULL DEFAULT 'x' AFTER invoice_no"},
		{"ALTER TABLE oc_order_product ADD COLUMN cost DECIMAL(15,4) DEFAULT NULL FIRST", "ALTER TABLE oc_product MODIFY model VARCHAR(200) DEFAULT NULL AFTER price"},
		{"ALTER TABLE oc_order DROP COLUMN note_of_an_extension", "ALTER TABLE oc_order CHANGE COLUMN comment comment MEDIUMTEXT DEFAULT NULL AFTER email"},
		{"ALTER TABLE oc_customer ADD COLUMN loyalty INT DEFAULT 5 AFTER customer_id"},
	}
	for i := range orders {
		s.place(1)
		if step := orders / len(alter); i%step == 0 && i/step < len(alter) {
			s.sql(s.db, alter[i/step]...)
		}
	}
	s.ready()
	s.figure("behind", orders)
	s.recover()
	s.quietly()

	s.sql(s.db, "ALTER TABLE oc_category RENAME COLUMN parent_id TO parent")
	s.sql(s.db, "UPDATE oc_category SET sort_order = sort_order + 1 WHERE category_id = 1")
	s.until("status to say what cannot be read", func() bool {
		st, err := s.agent.status()
		return err == nil && st.Level != "green" && strings.Contains(strings.Join(st.Reasons, " "), "parent_id")
	})
	ids := s.place(2)
	s.until("the others to go on", func() bool { return s.hook.has(fmt.Sprintf("order/%d@1", ids[1])) })
	s.sql(s.db, "ALTER TABLE oc_category RENAME COLUMN parent TO parent_id")
	s.figure("column_back", s.settle())
}

// tablesGo renames the shop's tables away and back, and has another shop be used beside.
func tablesGo(s *scene) {
	s.begin()
	rename := func(from, to string) {
		rows, err := s.db.QueryContext(s.ctx, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND LEFT(TABLE_NAME, CHAR_LENGTH(?)) = ?", from, from)
		s.must(err)
		var list []string
		for rows.Next() {
			var name string
			s.must(rows.Scan(&name))
			list = append(list, fmt.Sprintf("`%s` TO `%s`", name, to+strings.TrimPrefix(name, from)))
		}
		s.must(rows.Close())
		s.sql(s.db, "RENAME TABLE "+strings.Join(list, ", "))
	}
	says := func(level, text string) func() bool {
		return func() bool {
			st, err := s.agent.status()
			return err == nil && st.Level == level && strings.Contains(strings.Join(st.Reasons, "; "), text)
		}
	}
	rename("oc_", "new_")
	s.figure("gone", s.until("status to say that the tables are gone", says("red", "no watched table is there any more")))
	shop := shoptest.NewShop(s.db, s.gen, "new_", 5)
	place := func(shop *shoptest.Shop) {
		c, err := shop.RandomCheckout(s.ctx)
		s.must(err)
		_, err = shop.Order(s.ctx, c)
		s.must(err)
	}
	place(shop)
	rename("new_", "oc_")
	s.figure("back", s.settle())
	s.until("status to be content", says("green", ""))
	s.quietly()

	s.must(shoptest.Load(s.ctx, s.db, s.gen, "shop2_"))
	other := shoptest.NewShop(s.db, s.gen, "shop2_", 6)
	s.figure("unseen", s.until("status to say that another shop is used", func() bool {
		place(other)
		time.Sleep(time.Second)
		return says("amber", "no watched table seen since")()
	}))
	s.place(1)
	s.recover()
	s.quietly()
}
