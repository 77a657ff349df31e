package webhook

import (
	"net/textproto"
	"slices"
	"strings"

	"octail/internal/config"
)

// Config are the settings of a webhook sink.
type Config struct {
	URL        config.URL               `yaml:"url"`
	Secret     config.Secrets           `yaml:"secret"`      // whsec_...; several while one is being changed
	Headers    map[string]config.Secret `yaml:"headers"`     // sent with every event
	AcceptHTML bool                     `yaml:"accept_html"` // an HTML page counts as an acknowledgement too
}

// ours are the headers that a setting cannot replace: what is signed, and what the
// protocol needs.
var ours = []string{
	"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Host",
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Expect", "Te", "Trailer", "Upgrade",
}

// Validate reports what decoding cannot see.
func (c *Config) Validate(s *config.Section) {
	s.CheckURL("url", c.URL)
	if len(c.Secret) == 0 {
		if s.Has("secret") {
			s.Problem("secret", "is an empty list; write a secret, made by: echo whsec_$(openssl rand -base64 32)")
		} else {
			s.Warn("secret", "missing, so events are not signed and the receiver cannot tell them from anybody else's; make one by: echo whsec_$(openssl rand -base64 32)")
		}
	}
	for _, secret := range c.Secret {
		if _, err := key(secret.Reveal()); err != nil {
			s.Problem("secret", "%v; make one by: echo whsec_$(openssl rand -base64 32)", err)
		}
	}
	seen := map[string]bool{}
	for name, value := range c.Headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !token(name):
			s.Problem("headers", "a header's name has letters, digits and - only, e.g. Authorization")
		case slices.Contains(ours, canonical):
			s.Problem("headers", "%s is set by octail itself; remove it", canonical)
		case seen[canonical]:
			s.Problem("headers", "%s is given twice; keep one", canonical)
		case strings.ContainsFunc(value.Reveal(), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			s.Problem("headers", "the value of %s has a line break or another control character in it; remove it", canonical)
		}
		seen[canonical] = true
	}
}

// token reports whether a name can be that of a header. Rarer characters that HTTP
// allows are nobody's.
func token(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	})
}
