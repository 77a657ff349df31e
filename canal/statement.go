package canal

import "strings"

// A Query event carries SQL text. What matters of it is the verb and which
// watched tables it names; the text itself is never logged (it holds data and,
// in CREATE USER, password hashes). In doubt a statement concerns a table.

// statement is what a Query event means for the stream.
type statement struct {
	verb   string          // first keyword, upper case: ALTER, TRUNCATE, ...
	words  map[string]bool // all unquoted words, upper case
	tables []*table        // watched tables it names, each once
	inside bool            // it ran in the watched database
	named  bool            // it names the watched database
}

// readStatement looks at sql, which ran with current as current database.
func readStatement(sql, current string, c *Canal) statement {
	s := statement{words: map[string]bool{}}
	ours := c.fold(c.cfg.Database)
	// An empty current database with an unqualified name cannot run; a name in
	// doubt counts as ours.
	current = c.fold(current)
	s.inside = current == ours || current == ""
	tokens := skipSettings(tokenize(sql))
	look := func(i int) {
		name := c.fold(tokens[i].text)
		s.named = s.named || name == ours
		t := c.tables[name]
		if t == nil {
			return
		}
		database := current
		if i >= 2 && tokens[i-1] == dot {
			database = c.fold(tokens[i-2].text)
		}
		if database != ours && database != "" {
			return
		}
		for _, other := range s.tables {
			if other == t {
				return
			}
		}
		s.tables = append(s.tables, t)
	}
	for i, t := range tokens {
		if !t.quoted {
			word := strings.ToUpper(t.text)
			if s.verb == "" {
				s.verb = word
			}
			s.words[word] = true
		}
		look(i)
	}
	if s.verb == "CREATE" && len(s.tables) > 0 {
		s.tables = nil // but the one it creates: not the one that is LIKE it
		if i := created(tokens); i < len(tokens) {
			look(i)
		}
	}
	return s
}

// skipSettings cuts off what stands before the statement itself in MariaDB's
// SET STATEMENT variable = value, ... FOR statement.
func skipSettings(tokens []token) []token {
	if len(tokens) < 2 || !tokens[0].is("SET") || !tokens[1].is("STATEMENT") {
		return tokens
	}
	for i, t := range tokens {
		if t.is("FOR") {
			return tokens[i+1:]
		}
	}
	return tokens
}

// created is the index of the table's name in CREATE ... TABLE [IF NOT EXISTS]
// [database.]name.
func created(tokens []token) int {
	i := 0
	for i < len(tokens) && !tokens[i].is("TABLE") {
		i++
	}
	i++
	for i < len(tokens) && (tokens[i].is("IF") || tokens[i].is("NOT") || tokens[i].is("EXISTS")) {
		i++
	}
	if i+2 < len(tokens) && tokens[i+1] == dot {
		i += 2
	}
	return i
}

type token struct {
	text   string
	quoted bool
}

var dot = token{".", false}

// is reports whether t is the keyword, which is written in capitals.
func (t token) is(keyword string) bool { return !t.quoted && strings.EqualFold(t.text, keyword) }

// tokenize returns the words, quoted names and dots of a statement. What stands in
// double quotes counts as a name: with ANSI_QUOTES it is one. Strings are left out;
// comments too, except that the inside of an executable comment (/*! ... */,
// /*M! ... */) counts as code.
func tokenize(sql string) []token {
	var out []token
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'':
			_, i = quoted(sql, i, true)
		case c == '"':
			var name string
			name, i = quoted(sql, i, true)
			out = append(out, token{name, true})
		case c == '`':
			var name string
			name, i = quoted(sql, i, false)
			out = append(out, token{name, true})
		case c == '#' || strings.HasPrefix(sql[i:], "--") && (i+2 == len(sql) || sql[i+2] <= ' '):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				i += n + 1
			} else {
				i = len(sql)
			}
		case strings.HasPrefix(sql[i:], "/*!"), strings.HasPrefix(sql[i:], "/*M!"):
			i += strings.IndexByte(sql[i:], '!') + 1
			for i < len(sql) && sql[i] >= '0' && sql[i] <= '9' { // version number
				i++
			}
		case strings.HasPrefix(sql[i:], "*/"): // end of an executable comment
			i += 2
		case strings.HasPrefix(sql[i:], "/*"):
			if n := strings.Index(sql[i+2:], "*/"); n >= 0 {
				i += 2 + n + 2
			} else {
				i = len(sql)
			}
		case isWord(c):
			end := i
			for end < len(sql) && isWord(sql[end]) {
				end++
			}
			out = append(out, token{sql[i:end], false})
			i = end
		case c == '.':
			out = append(out, dot)
			i++
		default:
			i++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quoted reads what stands between the quote at i and the next one, where a doubled
// quote is a literal one, and returns the place behind it.
func quoted(sql string, i int, backslash bool) (inside string, end int) {
	quote := sql[i]
	var b strings.Builder
	for i++; i < len(sql); i++ {
		switch {
		case sql[i] == '\\' && backslash:
			i++
			continue
		case sql[i] == quote && i+1 < len(sql) && sql[i+1] == quote:
			i++
		case sql[i] == quote:
			return b.String(), i + 1
		}
		b.WriteByte(sql[i])
	}
	return b.String(), len(sql)
}

// effect is what a statement does to the watched tables it names.
type effect struct {
	layout bool   // columns may have changed
	resync string // reason, when rows may have changed without row events
	whole  bool   // to all watched tables, named or not
}

func (s statement) effect() effect {
	switch s.verb {
	case "TRUNCATE":
		return effect{resync: "truncate"}
	case "DROP", "CREATE":
		if s.verb == "DROP" && (s.words["DATABASE"] || s.words["SCHEMA"]) {
			return effect{layout: true, resync: "ddl", whole: s.named}
		}
		if !s.words["TABLE"] && !s.words["TABLES"] { // an index, a view, a trigger
			return effect{}
		}
		return effect{layout: true, resync: "ddl"}
	case "RENAME":
		return effect{layout: true, resync: "ddl"}
	case "REPAIR": // of a MyISAM table: drops what it cannot read
		return effect{resync: "ddl"}
	case "ALTER":
		e := effect{layout: true}
		// Adding a column or an index changes no document. These may change or
		// remove values without a row event, or put columns in another order (see
		// newLayout).
		for _, w := range []string{"DROP", "RENAME", "MODIFY", "CHANGE", "CONVERT", "IGNORE", "TRUNCATE", "EXCHANGE", "DISCARD", "IMPORT"} {
			if s.words[w] {
				e.resync = "ddl"
			}
		}
		return e
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH":
		return effect{resync: "statement"}
	case "SELECT", "DO", "CALL": // a function that writes: what, it does not say
		return effect{resync: "statement", whole: s.inside || s.named}
	}
	return effect{} // OPTIMIZE, ANALYZE, GRANT, SET, FLUSH, ...
}

// otherTables reports whether there may be other tables behind a statement than in
// front of it, or other columns, watched ones or not; or whether other ones may be seen.
func (s statement) otherTables() bool {
	switch s.verb {
	case "GRANT", "REVOKE":
		return true
	case "CREATE", "DROP", "ALTER", "RENAME":
		for _, kind := range []string{"TABLE", "TABLES", "VIEW", "DATABASE", "SCHEMA"} {
			if s.words[kind] {
				return s.inside || s.named
			}
		}
	}
	return false
}
