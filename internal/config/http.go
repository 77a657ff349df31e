package config

import "strings"

// HTTP is the status page, the API and the metrics, and the socket for the commands on this machine.
type HTTP struct {
	Listen string `yaml:"listen"`             // host:port; port 0 takes a free one
	Socket string `yaml:"socket" unit:"path"` // never empty in a loaded Config
	Token  Secret `yaml:"token"`              // empty: none, then Listen is a loopback address
}

func defaultHTTP() HTTP {
	return HTTP{Listen: "127.0.0.1:8765"}
}

func (c *HTTP) check(s *Section) {
	host, _, ok := hostPort(c.Listen)
	switch {
	case !ok:
		s.Problem("listen", "%s must be host:port, e.g. 127.0.0.1:8765", s.Quote("listen"))
	case !loopback(host) && !s.Has("token"):
		s.Problem("listen", "%s can be reached from other machines, which needs http.token; set it, or listen on 127.0.0.1:8765", s.Quote("listen"))
	}
	if s.Has("token") && c.Token == "" {
		s.Problem("token", "is empty; give a long random text or remove the line")
	}
	if s.Has("socket") && (c.Socket == "" || strings.HasSuffix(c.Socket, "/")) {
		s.Problem("socket", "must be the path of a socket, e.g. /run/octail/octail.sock")
	}
}
