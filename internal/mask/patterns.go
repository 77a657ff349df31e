package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// local is what the part of an e-mail address before the @ may have.
	local = "(?:\"[^\"\\s]{1,64}\"|[\\p{L}\\p{N}\\p{M}.!#$%&'*/=?^_`{|}~+-]+)"
	name  = `[\p{L}\p{N}\p{M}_-]+`
	// between are what people write between the digits of a number.
	between = `[ \t\x{a0}().\-/]`
)

var (
	email    = regexp.MustCompile(local + `@` + name + `(?:\.` + name + `)+`)
	emailCut = regexp.MustCompile(local + `@(?:` + name + `\.?)*\.\.\.$`)

	// user is who is named in an address of the web.
	user = regexp.MustCompile(`://([^\s/@"'<>]+)@`)

	// number is any run of digits with a few signs between.
	number = regexp.MustCompile(`\+?\(?\d(?:` + between + `{0,3}\d){5,24}`)
	date   = regexp.MustCompile(`^(?:19|20)\d\d-\d\d-\d\d(?:[ /-].*)?$`)
	dotted = regexp.MustCompile(`^\d+(?:\.\d+)+$`) // an amount, an address of the network, a version

	secrets = []*regexp.Regexp{
		// Authorization: Bearer ...
		regexp.MustCompile(`(?i)\b(?:bearer|basic|digest|negotiate|apikey|token)\s+([\w.~+/=-]{8,})`),
		// "api_key": "...", token=..., Set-Cookie: ...
		regexp.MustCompile(`(?i)(?:password|passwd|passphrase|pwd|passwort|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|session(?:[_-]?id)?|sid|credentials?|signature)["']?\s*(?:[:=]|=>)\s*("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|(?:(?:bearer|basic|digest|token)\s+)?[^\s,;&"'}\])<>]+)`),
		// known by how they begin
		regexp.MustCompile(`\b((?:whsec|sk|pk|rk|ghp|gho|ghs|glpat|xox[abprs]|shpat|shpss)[_-][\w+/=-]{8,})`),
		regexp.MustCompile(`\b(eyJ[\w-]{8,}(?:\.[\w-]*){0,4})`),
		regexp.MustCompile(`(-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$))`),
		// the query of an address
		regexp.MustCompile(`(?i)\bhttps?://[^\s?"'<>]+\?([^\s"'<>]+)`),
	}
)

// patterns marks what looks like something that nobody but two may know.
func (v *view) patterns(m *spans) {
	users := user.FindAllStringSubmatchIndex(v.text, -1)
	for _, at := range users {
		v.mark(m, at[2], at[3])
	}
	for _, at := range email.FindAllStringIndex(v.text, -1) {
		if !slices.ContainsFunc(users, func(u []int) bool { return u[0] <= at[0] && at[0] < u[3] }) {
			v.mark(m, at[0], at[1])
		}
	}
	if at := emailCut.FindStringIndex(v.text); at != nil {
		v.mark(m, at[0], at[1]-len(cut))
	}
	for _, re := range secrets {
		for _, at := range re.FindAllStringSubmatchIndex(v.text, -1) {
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
