package setup

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/shop"
)

// Options is what the caller wants, and what it knows better than config.php.
type Options struct {
	Shop   *Shop  // nil: there is no config.php to read
	Config string // the file to write, absolute
	Force  bool   // replace it

	// "" and nil: from Shop, else the default.
	Name, Address, Database, User, Timezone string
	Prefix                                  *string
	// PasswordFile is where octail's password is or will be; "": beside the
	// configuration, and none where the server needs none.
	PasswordFile string
	Types        config.Types
	// Open makes a pool for the shop's database, as the agent does.
	Open func(config.MySQL) (*sql.DB, *tls.Config, error)
}

// Machine is what setup has to know of the machine it runs on.
type Machine struct {
	Sockets []string // of database servers, those that are there
	User    string   // who asks
	// Sudo is put before commands that root has to run: "" or "sudo ".
	Sudo    string
	Systemd bool
	// Clients and OptionFolders are those there are, of the database's client
	// programs and of the folders for its option files.
	Clients, OptionFolders []string
	Zone                   string // of the machine, "" when unknown
}

// service is where the systemd unit expects everything.
const (
	serviceFolder      = "/etc/octail"
	serviceUser        = "octail"
	credentialName     = "mysql-password"
	serviceCredentials = serviceFolder + "/credentials"
)

// ErrUsage: what was asked for cannot be.
var ErrUsage = errors.New("this cannot be set up")

// Result is what was done and what is left to do.
type Result struct {
	Config       string          `json:"config"`
	Shop         string          `json:"shop"`
	Database     string          `json:"database"`
	TablePrefix  string          `json:"table_prefix"`
	Address      string          `json:"address"`
	PasswordFile string          `json:"password_file,omitempty"`
	PasswordMade bool            `json:"password_made,omitempty"` // now; an older one is kept
	Server       string          `json:"server,omitempty"`        // its version
	OpenCart     string          `json:"opencart,omitempty"`
	Looked       bool            `json:"looked"` // the server was asked for its settings
	Why          string          `json:"not_looked,omitempty"`
	SQL          []string        `json:"sql"`
	Settings     []check.Setting `json:"settings"` // still missing; all, where the server was not asked
	Findings     []check.Finding `json:"findings"` // what else has to be repaired
	Notes        []string        `json:"notes"`
	Next         []string        `json:"next"`

	machine Machine
	server  canal.Server
	account check.Account
	events  string // of the file sink
	file    []byte // the configuration
}

// Plan finds out everything and writes nothing. An error is the caller's: what it
// asks for cannot be.
func Plan(ctx context.Context, o Options, m Machine) (*Result, error) {
	r := &Result{Config: o.Config, machine: m, Settings: []check.Setting{}, Findings: []check.Finding{}, Notes: []string{}}
	s := Shop{Prefix: "oc_"}
	if o.Shop != nil {
		s = *o.Shop
		r.Notes = append(r.Notes, s.Notes...)
	}
	r.Database = cmp.Or(o.Database, s.Database)
	r.TablePrefix = s.Prefix
	if o.Prefix != nil {
		r.TablePrefix = *o.Prefix
	}
	r.Shop = cmp.Or(o.Name, shopName(s.URL), "main-shop")
	user := cmp.Or(o.User, serviceUser)
	socket := ""
	if len(m.Sockets) > 0 {
		socket = m.Sockets[0]
	}
	host, port := s.Host, s.Port
	if o.Address != "" {
		host, port = o.Address, ""
	}
	var err error
	if r.Address, err = address(host, port, socket); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if err := sane(r.Database, user, r.TablePrefix); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	survey := r.look(ctx, o, s)
	r.login(o, user, survey)
	if r.file, err = r.render(o, s); err != nil {
		return nil, err
	}
	r.next(o)
	return r, nil
}

var plainPrefix = regexp.MustCompile(`^[A-Za-z0-9_]*$`)

// sane refuses names that no shop has and that would be dangerous in a shell.
func sane(database, user, prefix string) error {
	if database == "" {
		return errors.New("the name of the shop's database is not known: give --database (DB_DATABASE in the shop's config.php)")
	}
	for _, s := range []string{database, user} {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return fmt.Errorf("%q cannot be the name of a database or of a user: it holds control characters", s)
		}
	}
	if !plainPrefix.MatchString(prefix) {
		return fmt.Errorf("the table prefix %q may only have letters, digits and underscores: see DB_PREFIX in the shop's config.php, or give --prefix", prefix)
	}
	return nil
}

// look asks the server, with the shop's own login where there is one.
func (r *Result) look(ctx context.Context, o Options, s Shop) check.Survey {
	var survey check.Survey
	var reason error
	r.server, reason = greeting(ctx, r.Address)
	if reason != nil && (s.User == "" || !errors.Is(reason, errNoGreeting)) {
		r.Why = fmt.Sprintf("the database server at %s does not answer (%s)", r.Address, cause(reason))
	} else if s.User == "" {
		r.Why = "there is no login to ask the server with"
	} else {
		survey = r.survey(ctx, o, s)
	}
	if survey.Connected {
		r.server, r.OpenCart, r.Looked = survey.Server, survey.Generation, true
		r.Settings = append(r.Settings, survey.Missing()...)
		for _, f := range survey.Findings {
			if f.Level == check.Error && len(f.Settings) == 0 {
				if f.Check == "timezone" && r.local() && r.machine.Zone != "" { // most likely the server's too
					f.Remedy = strings.Replace(f.Remedy, "Europe/Berlin", r.machine.Zone, 1)
				}
				r.Findings = append(r.Findings, f)
			}
		}
	} else {
		r.Settings = check.Needed(r.server, "")
	}
	r.Server = r.server.Version
	return survey
}

// survey is one look with the shop's own login.
func (r *Result) survey(ctx context.Context, o Options, s Shop) check.Survey {
	look := config.Config{Path: r.Config, Shop: config.Shop{Name: r.Shop, TablePrefix: r.TablePrefix, Timezone: config.TimezoneAuto,
		MySQL: config.MySQL{Address: r.Address, User: s.User, Password: s.Password, Database: r.Database, TLS: config.TLS{Mode: config.TLSPreferred}}}}
	db, tlsConfig, err := o.Open(look.Shop.MySQL)
	if err != nil {
		r.Why = "the shop's own login cannot be used"
		return check.Survey{}
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	survey := check.Look(ctx, check.Deps{Config: &look, DB: db, TLS: tlsConfig})
	switch {
	case survey.Connected:
	case survey.Refusal != 0:
		r.Why = "the database server refuses the login of the shop's config.php: " + survey.Refused()
	default:
		r.Why = fmt.Sprintf("the database server at %s does not answer", r.Address)
	}
	return survey
}

// cause is the innermost error: the address has been said.
func cause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// login decides how octail logs in.
func (r *Result) login(o Options, user string, survey check.Survey) {
	r.account = check.Account{User: user, Database: r.Database, Host: cmp.Or(survey.Host, r.hostAs())}
	mine := r.machine.User
	if r.service() {
		mine = serviceUser
	}
	local := strings.HasPrefix(r.Address, "unix:")
	knows := survey.SocketLogin || !survey.Connected && r.server.Flavor == canal.MariaDB && r.server.AtLeast(10, 4)
	if local && knows && user == mine && o.PasswordFile == "" {
		r.account.Auth = "VIA unix_socket"
	} else {
		r.account.Auth = "BY '" + passwordMark + "'"
		r.PasswordFile = o.PasswordFile
		if r.PasswordFile == "" {
			folder := filepath.Dir(r.Config)
			if r.service() {
				folder = serviceCredentials
			}
			r.PasswordFile = filepath.Join(folder, credentialName)
		}
	}
	r.SQL = r.account.SQL()
}

const passwordMark = "<password>"

// service tells whether the configuration is that of the systemd service.
func (r *Result) service() bool { return filepath.Dir(r.Config) == serviceFolder }

// hostAs is where a server that was not asked will see octail come from.
func (r *Result) hostAs() string {
	if strings.HasPrefix(r.Address, "unix:") {
		return "localhost"
	}
	host, _, _ := net.SplitHostPort(r.Address)
	if shop.IsLocal(r.Address) {
		if ip := net.ParseIP(host); ip != nil {
			return ip.String()
		}
		return "localhost"
	}
	return "%"
}

// next are the commands that come after the SQL and the settings.
func (r *Result) next(o Options) {
	sudo := r.machine.Sudo
	if !r.service() {
		octail := "octail --config " + quoted(r.Config) + " "
		r.Next = []string{octail + "check", octail + "run"}
		return
	}
	octail := sudo + "octail "
	if r.Config != filepath.Join(serviceFolder, "config.yaml") {
		octail += "--config " + quoted(r.Config) + " "
	}
	r.Next = []string{octail + "check"}
	if r.machine.Systemd {
		r.Next = append(r.Next, sudo+"systemctl enable --now octail")
	} else {
		r.Next = append(r.Next, strings.TrimSpace(sudo)+"setpriv --reuid octail --regid octail --init-groups octail run")
		if sudo != "" {
			r.Next[1] = "sudo -u octail octail run"
		}
	}
	r.Next = append(r.Next, octail+"status")
}
