package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// between are what people write between the digits of a number.
const between = `[ \t\x{a0}().\-/]`

var (
	// number is any run of digits with a few signs between.
	number = regexp.MustCompile(`\+?\(?\d(?:` + between + `{0,3}\d){5,24}`)
	date   = regexp.MustCompile(`^(?:19|20)\d\d-\d\d-\d\d(?:[ /-].*)?$`)
	dotted = regexp.MustCompile(`^\d+(?:\.\d+)+$`) // an amount, an address of the network, a version

	// user is who is named in an address of the web.
	user = regexp.MustCompile(`://([^\s/@"'<>]+)@`)
)

// secret is one way in which secrets are written. It is looked for where one of the
// hints is, in lower case.
type secret struct {
	hints []string
	re    *regexp.Regexp // the first group is the secret
}

var secrets = []secret{
	// Authorization: Bearer ...
	{[]string{"bearer", "basic", "digest", "negotiate", "apikey", "token"}, regexp.MustCompile(`(?i)\b(?:bearer|basic|digest|negotiate|apikey|token)\s+([\w.~+/=-]{8,})`)},
	// "api_key": "...", token=..., Set-Cookie: ...
	{[]string{"pass", "pwd", "secret", "token", "key", "authorization", "cookie", "session", "sid", "credential", "signature"},
		regexp.MustCompile(`(?i)(?:password|passwd|passphrase|pwd|passwort|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|session(?:[_-]?id)?|sid|credentials?|signature)["']?\s*(?:[:=]|=>)\s*("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|(?:(?:bearer|basic|digest|token)\s+)?[^\s,;&"'}\])<>]+)`)},
	// known by how they begin
	{[]string{"_", "-"}, regexp.MustCompile(`\b((?:whsec|sk|pk|rk|ghp|gho|ghs|glpat|xox[abprs]|shpat|shpss)[_-][\w+/=-]{8,})`)},
	{[]string{"eyj"}, regexp.MustCompile(`\b(eyJ[\w-]{8,}(?:\.[\w-]*){0,4})`)},
	{[]string{"-----begin "}, regexp.MustCompile(`(-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$))`)},
	// the query of an address
	{[]string{"://"}, regexp.MustCompile(`(?i)\bhttps?://[^\s?"'<>]+\?([^\s"'<>]+)`)},
}

// patterns marks what looks like something that nobody but two may know.
func (v *view) patterns(m *spans) {
	v.emails(m)
	lower := strings.ToLower(v.text)
	for _, s := range secrets {
		if !slices.ContainsFunc(s.hints, func(hint string) bool { return strings.Contains(lower, hint) }) {
			continue
		}
		for _, at := range s.re.FindAllStringSubmatchIndex(v.text, -1) {
			v.mark(m, at[2], at[3])
		}
	}
	for _, at := range number.FindAllStringIndex(v.text, -1) {
		before, _ := utf8.DecodeLastRuneInString(v.text[:at[0]])
		after, _ := utf8.DecodeRuneInString(v.text[at[1]:])
		if word(before) || word(after) {
			continue // part of an id
		}
		if text := v.text[at[0]:at[1]]; card(text) || phone(text) {
			v.mark(m, at[0], at[1])
		}
	}
}

// emails marks addresses, and who is named in one of the web. Ids of events have an @
// too, and no dot behind it.
func (v *view) emails(m *spans) {
	if !strings.Contains(v.text, "@") {
		return
	}
	users := user.FindAllStringSubmatchIndex(v.text, -1)
	for _, at := range users {
		v.mark(m, at[2], at[3])
	}
	for i := range len(v.text) {
		if v.text[i] != '@' || slices.ContainsFunc(users, func(u []int) bool { return u[3] == i }) {
			continue
		}
		from, to := v.mailbox(i), v.host(i+1)
		if from < i && to > i {
			v.mark(m, from, to)
		}
	}
}

// mailbox is where the part of an address before its @ begins.
func (v *view) mailbox(at int) int {
	if at > 0 && v.text[at-1] == '"' { // "anna maier"@example.com
		if open := strings.LastIndexByte(v.text[:at-1], '"'); open >= 0 && at-open < 64 && !strings.ContainsAny(v.text[open:at], " \t\n") {
			return open
		}
	}
	return len(strings.TrimRightFunc(v.text[:at], func(r rune) bool { return named(r) || strings.ContainsRune(".!#$%&'*/=?^`{|}~+", r) }))
}

// host is where the part behind it ends; -1 when it is none.
func (v *view) host(at int) int {
	rest := v.text[at:]
	text := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return named(r) || r == '.' }))]
	if at+len(text) == len(v.text) && strings.HasSuffix(text, cut) { // cut off on the way
		return len(v.text) - len(cut)
	}
	text = strings.TrimRight(text, ".")
	if dot := strings.IndexByte(text, '.'); dot < 1 {
		return -1
	}
	return at + len(text)
}

func named(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_' || r == '-'
}

func word(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || r == '_' || r == '@') }

// digits are those of a text.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// card reports whether a number is like a payment card's: by its groups, or by its
// check digit.
func card(text string) bool {
	d := digits(text)
	if len(d) < 13 || len(d) > 19 || strings.HasPrefix(d, "00000") {
		return false
	}
	if len(d) == 16 && len(strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })) == 4 {
		return true
	}
	sum := 0
	for i := range len(d) {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// phone reports whether a number is like that of a phone. Numbers without any sign are
// mostly ids: of those the ones with ten to twelve digits, or with a zero before.
func phone(text string) bool {
	d := digits(text)
	if len(d) < 7 || len(d) > 15 || strings.HasPrefix(d, "00000") || date.MatchString(text) || dotted.MatchString(text) {
		return false
	}
	switch {
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "(") && len(d) >= 7:
		return true
	case len(d) == len(text): // nothing between
		return d[0] == '0' && len(d) >= 8 || len(d) >= 10 && len(d) <= 12
	}
	return true
}

// phones marks the document's own numbers, whatever a target writes between the
// digits, and with or without the country's code.
func (v *view) phones(m *spans, numbers []string) {
	for _, n := range numbers {
		d := strings.TrimLeft(digits(n), "0")
		if d = d[max(0, len(d)-9):]; len(d) < 6 {
			continue
		}
		re := regexp.MustCompile(`(?:\+?[\d(][\d() .\-]{0,7})?` + strings.Join(strings.Split(d, ""), between+`{0,3}`))
		for _, at := range re.FindAllStringIndex(v.text, -1) {
			v.mark(m, at[0], at[1])
		}
	}
}
