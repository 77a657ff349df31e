package canal

import "strings"

// A Query event carries SQL text. What matters of it is the verb and which
// watched tables it names; the text itself is never logged (it holds data and,
// in CREATE USER, password hashes).

// statement is what a Query event means for the stream.
type statement struct {
	verb   string          // first keyword, upper case: BEGIN, COMMIT, TRUNCATE, ...
	words  map[string]bool // all unquoted words, upper case
	tables map[string]bool // watched tables it names
	whole  bool            // it concerns the database as a whole
}

// readStatement looks at sql, which ran with current as current database.
// watched tells whether a name is a watched table of database ours.
func readStatement(sql, current, ours string, watched func(string) bool) statement {
	s := statement{words: map[string]bool{}, tables: map[string]bool{}}
	tokens := tokenize(sql)
	for i, t := range tokens {
		word := strings.ToUpper(t.text)
		if !t.quoted {
			if s.verb == "" {
				s.verb = word
			}
			s.words[word] = true
		}
		if !watched(t.text) {
			continue
		}
		database := current
		if i >= 2 && tokens[i-1].text == "." && !tokens[i-1].quoted {
			database = tokens[i-2].text
		}
		// An empty current database with an unqualified name cannot run; a
		// name in doubt counts as ours.
		if database == ours || database == "" {
			s.tables[t.text] = true
		}
	}
	if s.verb == "DROP" && (s.words["DATABASE"] || s.words["SCHEMA"]) {
		for _, t := range tokens {
			if t.text == ours {
				s.whole = true
			}
		}
	}
	return s
}

type token struct {
	text   string
	quoted bool // in back quotes
}

// tokenize returns the words, back-quoted names and dots of a statement.
// Strings are left out; comments too, except that the inside of an executable
// comment (/*! ... */, /*M! ... */) counts as code. At most the first 64 KiB are
// read: table names stand at the front, data behind.
func tokenize(sql string) []token {
	if len(sql) > 64<<10 {
		sql = sql[:64<<10]
	}
	var out []token
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			i = skipString(sql, i)
		case c == '`':
			end := i + 1
			var name strings.Builder
			for end < len(sql) {
				if sql[end] == '`' {
					if end+1 < len(sql) && sql[end+1] == '`' { // doubled: a literal one
						end++
					} else {
						break
					}
				}
				name.WriteByte(sql[end])
				end++
			}
			out = append(out, token{name.String(), true})
			i = end + 1
		case c == '#' || strings.HasPrefix(sql[i:], "-- ") || strings.HasPrefix(sql[i:], "--\n"):
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
			out = append(out, token{".", false})
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

func skipString(sql string, i int) int {
	quote := sql[i]
	for i++; i < len(sql); i++ {
		switch sql[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return len(sql)
}

// effect is what a statement does to the watched tables it names.
type effect struct {
	layout bool   // columns may have changed
	resync string // reason, when rows may have changed without row events
}

func (s statement) effect() effect {
	switch s.verb {
	case "TRUNCATE":
		return effect{resync: "truncate"}
	case "CREATE", "DROP":
		if !s.words["TABLE"] && !s.words["TABLES"] { // an index, a view, a trigger
			return effect{}
		}
		return effect{layout: true, resync: "ddl"}
	case "RENAME":
		return effect{layout: true, resync: "ddl"}
	case "ALTER":
		e := effect{layout: true}
		// Adding a column or an index changes no document. These may change or
		// remove values without a row event.
		for _, w := range []string{"DROP", "RENAME", "MODIFY", "CHANGE", "CONVERT", "TRUNCATE", "EXCHANGE", "DISCARD", "IMPORT"} {
			if s.words[w] {
				e.resync = "ddl"
			}
		}
		return e
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH":
		return effect{resync: "statement"}
	}
	return effect{} // OPTIMIZE, ANALYZE, GRANT, SET, FLUSH, ...
}
