package check

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"octail/internal/config"
	"octail/internal/journal"
	"octail/internal/shop"
)

// Deps is what the checks look at.
type Deps struct {
	Config   *config.Config
	Warnings []config.Warning // of reading the configuration; may be nil
	DB       *sql.DB          // made by shop.Open from the configuration; need not be connected
	TLS      *tls.Config      // that DB uses; nil: none
	// Journal is the open journal of the agent. nil: Run looks whether there is
	// one at journal.path, Essential leaves out what needs it.
	Journal *journal.Journal
	Sinks   []SinkCheck
	Service bool // octail is to run as the systemd service

	now      func() time.Time             // time.Now
	free     func(string) (uint64, error) // freeBytes
	patience time.Duration                // connectTimeout
}

// Run tries everything, in order.
func Run(ctx context.Context, d Deps) Report { return newChecker(d, false).run(ctx) }

// Essential tries what `octail run` must not start without.
func Essential(ctx context.Context, d Deps) Report { return newChecker(d, true).run(ctx) }

// need is what has to be there before a step makes sense.
type need int

const (
	nothing  need = iota
	server        // the database server answers
	log           // its binary log is what octail reads (capture.mode: binlog)
	position      // it has a binary log and says where it stands
	tables        // OpenCart's tables were found
	state         // there is a journal
)

var missing = map[need]string{
	server:   "the database server could not be asked",
	log:      "the database server could not be asked",
	position: "the binary log is off, or its position may not be asked",
	tables:   "no OpenCart shop was found",
	state:    "there is no journal yet",
}

// step is one check. Its error means that it could not be tried.
type step struct {
	name      string
	essential bool
	need      need
	run       func(*checker, context.Context) error
}

var steps = []step{
	{"config", false, nothing, (*checker).config},
	{"connection", true, nothing, (*checker).connection},
	{"tls", false, server, (*checker).encryption},
	{"binlog", true, log, (*checker).binlog},
	{"format", true, log, (*checker).format},
	{"image", true, log, (*checker).image},
	{"metadata", false, log, (*checker).metadata},
	{"partial-json", true, log, (*checker).partialJSON},
	{"gtid", false, log, (*checker).gtid},
	{"server-id", true, log, (*checker).serverID},
	{"retention", false, log, (*checker).retention},
	{"durability", false, log, (*checker).durability},
	{"grants", true, log, (*checker).replicationGrants},
	{"filters", true, position, (*checker).filters},
	{"replica", true, log, (*checker).replica},
	{"poll", false, server, (*checker).poll},
	{"prefix", true, server, (*checker).prefix},
	{"grants", true, tables, (*checker).selectGrants},
	{"tables", true, tables, (*checker).tables},
	{"columns", true, tables, (*checker).columns},
	{"opencart", true, tables, (*checker).openCart},
	{"engines", false, tables, (*checker).engines},
	{"timezone", true, tables, (*checker).timezone},
	{"character-set", false, tables, (*checker).characterSets},
	{"clock", false, server, (*checker).clock},
	{"disk", false, nothing, (*checker).disk},
	{"http", false, nothing, (*checker).listen},
	{"service", false, nothing, (*checker).service},
	{"journal", false, nothing, (*checker).openJournal},
	{"identity", true, state, (*checker).identity},
	{"position", true, state, (*checker).storedPosition},
	{"pins", true, state, (*checker).pins},
	{"filter", false, tables, (*checker).filterNames},
	{"filter", false, state, (*checker).filterWidened},
	{"sinks", false, nothing, (*checker).sinks},
	{"forecast", false, tables, (*checker).forecast},
}

// askForLog is the SQL that says where the server writes what goes wrong.
const askForLog = "SHOW GLOBAL VARIABLES LIKE 'log_error';   -- the file on the server to look into"

// stepTimeout bounds one step's questions to the server.
const stepTimeout = 30 * time.Second

// checker is one run of the checks and what they have learnt so far.
type checker struct {
	Deps
	essential bool
	only      []string // the names of the steps to take; nil: all
	report    Report
	db        *sql.DB  // Deps.DB, or one without a database chosen
	closers   []func() // run at the end

	connected bool
	account   string            // octail's account as a GRANT names it: 'octail'@'%'
	client    string            // the host that the server sees us come from
	refusal   uint16            // the server's answer to a login that failed
	variables map[string]string // global, by name
	binlogOn  bool
	logStatus map[string]string // nil: off, or not to be asked
	schema    *shop.Schema      // nil: no shop found
	anyTable  bool              // SELECT is granted on the whole database
	zone      *time.Location    // nil: unknown
}

func newChecker(d Deps, essential bool) *checker {
	if d.now == nil {
		d.now = time.Now
	}
	if d.free == nil {
		d.free = freeBytes
	}
	if d.patience == 0 {
		d.patience = connectTimeout
	}
	return &checker{Deps: d, essential: essential, db: d.DB}
}

func (c *checker) run(ctx context.Context) Report {
	defer func() {
		for _, fn := range c.closers {
			fn()
		}
	}()
	for _, s := range steps {
		if c.essential && !s.essential || c.only != nil && !slices.Contains(c.only, s.name) || c.leavesAlone(s) || s.name == "forecast" && len(c.forecasters()) == 0 {
			continue
		}
		if reason := c.lacks(s.need); reason != "" {
			if !c.complained(s.name) { // about the same already, as "tls" when nobody got in
				c.leaveOut(s.name, reason)
			}
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, stepTimeout)
		err := s.run(c, bounded)
		cancel()
		if err == nil {
			continue
		}
		if ctx.Err() != nil { // the caller gave up: say nothing of what did not get its turn
			c.report.Unreachable = c.report.Unreachable || !c.connected
			return c.report
		}
		var answer *unanswered
		if errors.As(err, &answer) {
			c.lost(answer.err)
			continue
		}
		c.fail(s.name, askForLog, "this could not be tried: %s", shop.Explain(err))
	}
	return c.report
}

// lacks says why a step with this need cannot be tried, "" when it can.
func (c *checker) lacks(n need) string {
	has := map[need]bool{
		nothing: true, server: c.connected, log: c.connected, position: c.connected && c.logStatus != nil,
		tables: c.connected && c.schema != nil, state: c.Journal != nil,
	}
	switch {
	case has[n]:
		return ""
	case n != state && !c.connected:
		return missing[server]
	}
	return missing[n]
}

// unanswered is an error of a question that the server did not answer at all.
type unanswered struct{ err error }

func (e *unanswered) Error() string { return e.err.Error() }
func (e *unanswered) Unwrap() error { return e.err }

// asked wraps an error of a question to the server.
func asked(what string, err error) error {
	if shop.Classify(err) == shop.Unreachable {
		return &unanswered{fmt.Errorf("%s: %w", what, err)}
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (c *checker) add(level Level, name, remedy, format string, args ...any) {
	c.report.Findings = append(c.report.Findings, Finding{Check: name, Level: level, Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

// setting adds a finding that settings of the server repair. remedy is what stands
// in the report, made of the same settings.
func (c *checker) setting(level Level, name, remedy string, settings []Setting, format string, args ...any) {
	c.add(level, name, remedy, format, args...)
	c.report.Findings[len(c.report.Findings)-1].Settings = settings
}

// complained reports whether a check has found something already.
func (c *checker) complained(name string) bool {
	return slices.ContainsFunc(c.report.Findings, func(f Finding) bool { return f.Check == name && f.Level != OK })
}

func (c *checker) ok(name, format string, args ...any) { c.add(OK, name, "", format, args...) }

func (c *checker) warn(name, remedy, format string, args ...any) {
	c.add(Warning, name, remedy, format, args...)
}

func (c *checker) fail(name, remedy, format string, args ...any) {
	c.add(Error, name, remedy, format, args...)
}

// leaveOut says that a check could not be tried; once, where it has two steps.
func (c *checker) leaveOut(name, reason string) {
	if l := (LeftOut{name, reason}); !slices.Contains(c.report.LeftOut, l) {
		c.report.LeftOut = append(c.report.LeftOut, l)
	}
}

// is reports the flavor of the server.
func (c *checker) is(flavor string) bool { return c.report.Server.Flavor == flavor }

func (c *checker) settings() *config.MySQL { return &c.Config.Shop.MySQL }

// config repeats the warnings of reading the configuration.
func (c *checker) config(context.Context) error {
	for _, w := range c.Warnings {
		c.warn("config", "", "%s", w)
	}
	if len(c.Warnings) == 0 {
		c.ok("config", "%s is without mistakes", c.configFile())
	}
	return nil
}

// configFile is the name of the configuration file for messages.
func (c *checker) configFile() string {
	if c.Config.Path == "" {
		return "the configuration"
	}
	return c.Config.Path
}
