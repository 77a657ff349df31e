package transform

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// OpenCart stores what forms sent through PHP's htmlspecialchars: exactly these
// five characters are escaped, once. &#39; is what some editors write instead.
var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#039;", "'", "&#39;", "'", "&amp;", "&")

// texts turns stored text into plain UTF-8.
type texts struct {
	invalid   atomic.Int64 // values that held bytes that are no UTF-8
	zeroRates atomic.Int64 // orders with a currency_value of 0
}

// plain is a stored text as people wrote it.
func (t *texts) plain(s string) string {
	s = t.valid(s)
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	return entities.Replace(s)
}

// valid replaces bytes that are no UTF-8, and counts the texts that had some.
func (t *texts) valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	t.invalid.Add(1)
	return strings.ToValidUTF8(s, "\uFFFD")
}

func pointer[T any](v T) *T { return &v }

// orNull is null for an empty text.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
