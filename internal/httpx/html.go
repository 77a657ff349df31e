package httpx

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// HTML reports whether an answer is a page for people: a login page, a shop's "not
// found", a provider's notice, sent with whatever status. An answer without a body
// is none, whatever its type says.
func (a *Answer) HTML() bool {
	body := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(a.Body), []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return false
	}
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil { // "text/html; charset"
		media, _, _ = strings.Cut(strings.ToLower(a.Header.Get("Content-Type")), ";")
		media = strings.TrimSpace(media)
	}
	if media == "text/html" || media == "application/xhtml+xml" {
		return true
	}
	if strings.HasPrefix(http.DetectContentType(body), "text/html") {
		return true
	}
	head := bytes.ToLower(body[:min(len(body), 1024)])
	return body[0] == '<' && (bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<!doctype html")))
}
