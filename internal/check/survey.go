package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"octail/canal"
)

// Survey is what an account that may only use the shop's database can see of the
// server and the shop.
type Survey struct {
	Report
	Connected bool
	Refusal   uint16 // the server's answer to the login, 0: there was none, or it was let in
	Host      string // where the server sees us come from
	// SocketLogin: a system user of this machine can log in without a password.
	SocketLogin bool
}

// surveyed are the steps that need no right of octail's own.
var surveyed = []string{"connection", "binlog", "format", "image", "metadata", "partial-json", "server-id", "retention", "durability", "replica", "prefix", "opencart", "timezone"}

// surveyor stands for the account in messages: it is not octail's, and nobody's
// business.
const surveyor = "the shop's own account"

// Look asks the server with an account that is not octail's, before octail has one.
// It changes nothing. No message names the account.
func Look(ctx context.Context, d Deps) Survey {
	c := newChecker(d, false)
	c.account = surveyor
	c.only = surveyed
	var s Survey
	c.closers = append(c.closers, func() { s.SocketLogin = c.socketLogin(ctx) }) // before others close the connection
	s.Report = c.run(ctx)
	s.Connected, s.Host = c.connected, c.client
	if !s.Connected {
		s.Refusal = c.refusal
	}
	return s
}

// socketLogin looks whether the server knows system users by the socket.
func (c *checker) socketLogin(ctx context.Context) bool {
	if !c.connected || !strings.HasPrefix(c.settings().Address, "unix:") {
		return false
	}
	rows, err := canal.Show(ctx, c.db, "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'unix_socket' AND PLUGIN_STATUS = 'ACTIVE'")
	return err == nil && len(rows) > 0
}

// Missing are the settings that the server lacks, each once, those without which
// octail cannot run first.
func (s Survey) Missing() []Setting {
	var out []Setting
	for _, level := range []Level{Error, Warning} {
		for _, f := range s.Findings {
			for _, m := range f.Settings {
				known := func(o Setting) bool { return o.Name == m.Name }
				if f.Level == level && !slices.ContainsFunc(out, known) {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// Refused says in words why the login was refused, without the account.
func (s Survey) Refused() string {
	switch s.Refusal {
	case 0:
		return ""
	case errDenied, errWrongPlugin:
		return fmt.Sprintf("wrong user or password (error %d)", s.Refusal)
	case errHostUnknown, errHostBlocked:
		return fmt.Sprintf("this machine may not connect (error %d)", s.Refusal)
	case errNeedsTLS:
		return fmt.Sprintf("encrypted connections only (error %d)", s.Refusal)
	}
	return fmt.Sprintf("error %d", s.Refusal)
}
