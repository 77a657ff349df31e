package oracle

import (
	"strings"
	"unicode/utf8"
)

// entities is the inverse of PHP's htmlspecialchars with quotes, and nothing else. A Replacer goes over the text
// once, so "&amp;lt;" becomes "&lt;".
var entities = strings.NewReplacer(
	"&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#039;", "'", "&#39;", "'")

// plain turns stored text into plain UTF-8: entities decoded once, each invalid byte replaced by U+FFFD.
func plain(stored string) string {
	if !utf8.ValidString(stored) {
		stored = string([]rune(stored))
	}
	return entities.Replace(stored)
}
