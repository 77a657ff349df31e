package structure

import (
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule says which of our packages a package may import.
type rule struct {
	pkg  string // a path.Match pattern
	may  []string
	why  string
	also []string // what its tests may import besides; shoptest, shoptesting and leaktest always
}

// rules: the first one that fits holds. A package that fits none needs a line.
var rules = []rule{
	{"canal", nil,
		"capture knows binlogs and nothing of OpenCart, so that it can be tested, and replaced, alone", nil},
	{"transform/document", nil,
		"the documents are what all parts and plugins speak; whoever imports them must get nothing else", nil},
	{"transform", []string{"canal", "transform/document", "internal/shop", "internal/journal"},
		"document making takes touches in and gives events to the journal; it knows no sink, no lane, no config", []string{"internal/shoptest/oracle"}},
	{"sinks/all", []string{"internal/config", "sinks", "sinks/*", "sinks/sinktest/mirror"},
		"the catalogue lists plugins and does nothing else", nil},
	{"sinks/sinktest/receiver", nil,
		"the receiver judges what octail does: a line of code shared with it would be a mistake that both make", nil},
	{"sinks/sinktest/receiver/serve", []string{"sinks/sinktest/receiver"},
		"it is the receiver in a process of its own", nil},
	{"sinks/sinktest/mirror", []string{"sinks", "transform/document", "internal/config", "internal/httpx"},
		"the mirror is a sink as any other, for tests and to begin with", []string{"sinks/sinktest", "sinks/sinktest/receiver"}},
	{"sinks/sinktest", []string{"sinks", "transform/document", "internal/config", "internal/leaktest", "internal/mask"},
		"the suite knows what sinks promise, and none of them", []string{"internal/httpx"}},
	{"sinks/odoo/rpc", []string{"sinks", "internal/httpx"},
		"the client speaks Odoo's protocols and knows no document", []string{"internal/odootest"}},
	{"sinks/odoo", []string{"sinks", "transform/document", "internal/config", "internal/httpx", "sinks/odoo/rpc"},
		"a sink as any other, whose client is a package of its own", []string{"sinks/sinktest", "internal/odootest"}},
	{"sinks/*", []string{"sinks", "transform/document", "internal/config", "internal/httpx"},
		"a sink translates documents into calls of its target; order, retry and state are the engine's, and a sibling's code is a sibling's business", []string{"sinks/sinktest", "sinks/sinktest/receiver", "internal/odootest"}},
	{"sinks", []string{"transform/document", "internal/config"},
		"the contract of the sinks drags nothing into a plugin", nil},
	{"internal/mask", nil,
		"what is masked is a matter of texts and documents, whoever keeps them", nil},
	{"internal/httpx", []string{"sinks", "internal/mask"},
		"it gives an HTTP answer its class and knows no target", nil},
	{"internal/config", []string{"internal/expression"},
		"reading the config file needs no other part; the sinks' settings are handed in. An expression is compiled where it stands, so that its mistake has a line and comes with all others", nil},
	{"internal/expression", []string{"transform/document"},
		"an expression is about a document and nothing else", nil},
	{"internal/filter", []string{"internal/config", "internal/expression", "sinks", "transform/document"},
		"what a sink is given depends on its section of the file and on the document, not on who asks", nil},
	{"internal/logging", nil,
		"the logger is passed in everywhere and depends on nothing", nil},
	{"internal/journal", []string{"transform/document"},
		"the journal stores events whoever made them and whoever reads them; a second implementation must be possible", nil},
	{"internal/shop", []string{"canal"},
		"all SQL to the shop is here; of canal it takes only the server and its positions, to prove reads", nil},
	{"internal/poll", []string{"canal", "transform", "transform/document", "internal/shop", "internal/journal"},
		"polling compares sums of the shop's rows with stored ones and marks keys; of canal it takes only the form of the watch list, of transform only the list", nil},
	{"internal/dispatch", []string{"sinks", "internal/journal", "internal/mask", "transform/document"},
		"a lane carries events from the journal to any sink; it must not know where they came from (canal) nor a concrete sink", nil},
	{"internal/reconcile", []string{"internal/journal", "sinks", "transform", "transform/document"},
		"comparing shop and journal is transform's reading and the journal's memory, whoever asks for it; of sinks it takes only what a Comparer answers", []string{"internal/config", "sinks/sinktest/mirror", "sinks/sinktest/receiver"}},
	{"internal/erase", []string{"internal/journal", "transform", "transform/document"},
		"erasing is transform's reading without the person and the journal's scrubbing, whoever asks for it", nil},
	{"internal/reread", []string{"internal/journal", "transform", "transform/document"},
		"reading again is transform's marks and the journal's answers, whoever asks for it", nil},
	{"internal/steer", []string{"internal/journal", "transform/document"},
		"what an operator does to deliveries is done in the journal, by the agent or by a command without one; lanes are told through an interface", nil},
	{"internal/console", []string{"canal", "internal/dispatch", "internal/erase", "internal/journal", "internal/reconcile", "internal/reread", "internal/steer", "transform/document"},
		"the console shows states and hands over what is asked; it changes nothing itself and wires nothing", []string{"sinks"}},
	{"internal/check", []string{"canal", "internal/config", "internal/filter", "internal/journal", "internal/shop", "sinks", "transform", "transform/document"},
		"check tries what run needs, without lanes and without the agent; documents are what it asks the sinks about", nil},
	{"internal/setup", []string{"canal", "internal/check", "internal/config", "internal/shop"},
		"octail init reads a shop and asks check; it knows no agent and no concrete sink", []string{"sinks/all", "internal/app"}},
	{"internal/notify", nil,
		"the service manager's protocol needs no other part", nil},
	{"internal/app", []string{"canal", "transform", "transform/document", "internal/check", "internal/config", "internal/console", "internal/dispatch", "internal/erase", "internal/filter", "internal/journal", "internal/notify", "internal/poll", "internal/reconcile", "internal/reread", "internal/shop", "internal/steer", "sinks", "sinks/all"},
		"app is the only wiring: it may import every part, but no concrete sink and nothing made for tests", []string{"internal/shoptest/oracle", "sinks/sinktest/mirror", "sinks/sinktest/receiver"}},
	{"internal/app/apptesting", []string{"internal/app", "internal/config", "internal/shoptest", "internal/shoptest/shoptesting", "sinks/all"},
		"it gives tests a whole agent", nil},
	{"grafana", nil,
		"dashboard and rules are files: they know the agent by its metrics alone", []string{"internal/app/apptesting"}},
	{"cmd/octail", []string{"grafana", "internal/app", "internal/check", "internal/config", "internal/console", "internal/demo", "internal/erase", "internal/journal", "internal/logging", "internal/notify", "internal/reconcile", "internal/reread", "internal/setup", "internal/shoptest", "internal/steer", "sinks", "sinks/all", "transform/document"},
		"a command parses its line, asks app or the running agent, and prints; capture, document making and lanes are app's", nil},
	{"internal/demo", []string{"internal/app", "internal/config", "internal/console", "internal/shoptest", "sinks/all", "transform/document"},
		"the demo uses the agent as a user does: a config, its socket, its output file", nil},
	{"internal/odootest", []string{"internal/shoptest", "internal/shoptest/shoptesting"},
		"it gives tests a real Odoo and looks into it: a line of code shared with the sink would be a mistake that both make", nil},
	{"internal/leaktest", nil,
		"it gives tests a look at goroutines and knows none of ours", nil},
	{"internal/shoptest/shoptesting", []string{"internal/shoptest"},
		"it gives tests a server of shoptest", nil},
	{"internal/shoptest/oracle", nil,
		"the oracle judges transform's documents: a line of code shared with it would be a mistake that both make", nil},
	{"internal/shoptest", nil,
		"the simulated shop must not know what octail makes of it", nil},
	{"internal/bench", []string{"canal", "internal/console", "internal/dispatch", "internal/journal", "internal/shoptest", "sinks", "transform/document"},
		"the benchmark measures the built program from outside, and the lanes on a journal by themselves", nil},
	{"internal/odoobench", []string{"internal/config", "sinks", "sinks/odoo", "sinks/odoo/rpc", "transform/document"},
		"the benchmark measures the odoo sink as the engine calls it, beside a connector of its own", nil},
	{"internal/odooshop", nil,
		"its tests judge the whole program from outside, by the two databases", []string{"internal/odootest"}},
	{"internal/matrix", []string{"internal/shoptest"},
		"the matrix runs the tests of others from outside", nil},
	{"internal/faults/ledger", nil,
		"the ledger judges what the agent delivered: a line of code shared with it would be a mistake that both make", nil},
	{"internal/faults", []string{"internal/faults/ledger", "internal/shoptest", "sinks/sinktest/receiver"},
		"the fault cases have the built program run, and know of it what a user does", nil},
	{"internal/structure", nil,
		"it looks at the others from outside", []string{"internal/app/apptesting", "internal/config", "sinks/all"}},
}

func TestImports(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		i := slices.IndexFunc(rules, func(r rule) bool { return fits(r.pkg, p.name()) })
		if i < 0 {
			t.Errorf("%s: no rule says what it may import. Add a line with the reason to the table in internal/structure/imports_test.go", p.name())
			continue
		}
		r := rules[i]
		used[r.pkg] = true
		for _, imported := range ours(p.Imports) {
			if !fitsAny(r.may, imported) {
				t.Errorf("%s must not import %s: %s", p.name(), imported, r.why)
			}
		}
		for _, imported := range ours(p.tests()) {
			if imported != p.name() && !fitsAny(slices.Concat(r.may, r.also, []string{"internal/shoptest", "internal/shoptest/shoptesting", "internal/leaktest"}), imported) {
				t.Errorf("the tests of %s must not import %s: %s", p.name(), imported, r.why)
			}
		}
	}
	for _, r := range rules {
		if !used[r.pkg] {
			t.Errorf("the rule for %s fits no package: remove it", r.pkg)
		}
	}
}

// libraries: the packages that may import a library, tests included.
var libraries = []struct {
	library string
	may     []string
	why     string
}{
	{"github.com/go-mysql-org/go-mysql", []string{"canal", "internal/bench"},
		"capture alone knows the binlog library, so that its types and troubles end there (the benchmark compares with its loop)"},
	{"github.com/go-sql-driver/mysql", []string{"canal", "internal/check", "internal/shop", "internal/shoptest", "internal/shoptest/oracle", "internal/logging", "internal/faults/ledger"},
		"every statement to the shop goes through internal/shop; the others name its errors and its logger"},
	{"modernc.org/sqlite", []string{"internal/journal"},
		"the journal's format is the journal's business; others ask it"},
	{"gopkg.in/yaml.v3", []string{"internal/config", "grafana"},
		"one strict decoder for all of the config: yaml.v3 by itself takes unknown keys silently (grafana's tests read the alert rules)"},
	{"github.com/expr-lang/expr", []string{"internal/expression"},
		"others know expressions as conditions that can be run, so that the language can be changed in one place"},
	{"github.com/spf13/cobra", []string{"cmd/octail"},
		"only the program knows its command line"},
	{"database/sql", []string{"canal", "internal/app", "internal/check", "internal/demo", "internal/journal", "internal/setup", "internal/shop", "internal/shoptest", "internal/shoptest/*", "internal/bench", "internal/faults", "internal/faults/ledger", "transform", "internal/structure"},
		"lanes, sinks, console and documents never speak to a database"},
	{"net/http", []string{"internal/console", "internal/demo", "internal/app", "internal/app/apptesting", "internal/bench", "internal/faults", "internal/httpx", "internal/odoobench", "internal/odootest", "cmd/octail", "sinks/*", "sinks/odoo/rpc", "sinks/sinktest/*", "sinks/sinktest/receiver/serve", "internal/structure"},
		"capture, documents, journal and lanes speak no HTTP"},
	{"testing", []string{"internal/leaktest", "internal/odootest", "internal/shoptest/shoptesting", "internal/app/apptesting", "sinks/sinktest"},
		"its flags and its code have no place in the program; a helper for tests that needs it is a package of its own"},
	{"net/http/pprof", nil,
		"importing it opens profiling to everybody who reaches the console"},
	{"expvar", nil,
		"importing it publishes the command line and the memory on the default server"},
	{"log", []string{"internal/shop", "internal/shoptest", "internal/logging"},
		"logs go through the slog.Logger that is passed in; package log is only for handing loggers to libraries"},
	{"math/rand", nil, "math/rand/v2 has better generators, and crypto/rand makes what must not be guessed"},
	{"unsafe", nil, "no speed is worth it here"},
	{"C", nil, "octail is one static binary without cgo"},
}

func TestLibraries(t *testing.T) {
	list := packages(t)
	for _, l := range libraries {
		for _, p := range list {
			imports := p.Imports
			if strings.Contains(l.library, ".") { // tests use of the standard library what they like
				imports = append(slices.Clone(imports), p.tests()...)
			}
			for _, imported := range imports {
				exact := imported == l.library
				inside := strings.Contains(l.library, ".") && strings.HasPrefix(imported, l.library+"/")
				if (exact || inside) && !fitsAny(l.may, p.name()) {
					t.Errorf("%s must not import %s: %s", p.name(), imported, l.why)
				}
			}
		}
	}
}

// TestDocumentIsPure: the canonical types need the standard library and decimal.
func TestDocumentIsPure(t *testing.T) {
	for _, p := range packages(t) {
		if p.name() != "transform/document" {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") && imported != "github.com/shopspring/decimal" {
				t.Errorf("transform/document must not import %s: every plugin imports it, so it may need the standard library and decimal only", imported)
			}
		}
	}
}

// TestLedgerIsAlone: the judge of the fault cases needs the standard library and a driver.
func TestLedgerIsAlone(t *testing.T) {
	for _, p := range packages(t) {
		if p.name() != "internal/faults/ledger" {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") && imported != "github.com/go-sql-driver/mysql" {
				t.Errorf("internal/faults/ledger must not import %s: it shares nothing with what it judges", imported)
			}
		}
		return
	}
	t.Error("there is no internal/faults/ledger")
}

// TestProgram: what the program links.
func TestProgram(t *testing.T) {
	deps, err := goList("-deps", "./cmd/octail")
	if err != nil {
		t.Fatal(err)
	}
	banned := map[string]string{
		"testing":                              "its flags would be the program's, and test helpers would be in every shop's binary",
		"net/http/pprof":                       "it registers itself on the default server: profiles and the command line for everybody who reaches it",
		"runtime/cgo":                          "the program is static: it must run on any Linux, whatever C library it has",
		"plugin":                               "sinks are compiled in",
		"octail/internal/shoptest/shoptesting": "it is for tests",
		"octail/internal/odootest":             "it is for tests",
		"octail/internal/shoptest/oracle":      "it is for tests",
		"octail/internal/app/apptesting":       "it is for tests",
		"octail/sinks/sinktest":                "it is for tests",
		"octail/sinks/sinktest/mirror":         "it is for tests",
		"octail/sinks/sinktest/receiver":       "it is for tests",
	}
	for _, p := range deps {
		if why := banned[p.ImportPath]; why != "" {
			t.Errorf("cmd/octail links %s: %s. `go mod why %s` tells through whom", p.ImportPath, why, p.ImportPath)
		}
		if !p.Standard && len(p.CgoFiles) > 0 {
			t.Errorf("cmd/octail links %s, which needs cgo: the program is static", p.ImportPath)
		}
	}
	if len(deps) < 100 {
		t.Errorf("go list -deps found only %d packages", len(deps))
	}
}

// ours are those of our own packages among imports, by their path in the repository.
func ours(imports []string) []string {
	var out []string
	for _, i := range imports {
		if name, ok := strings.CutPrefix(i, module); ok {
			out = append(out, name)
		}
	}
	return out
}

func fitsAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, name) })
}

func fits(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// TestCaptureKeepsItsLibrary: no type of go-mysql is in canal's exported API.
func TestCaptureKeepsItsLibrary(t *testing.T) {
	cmd := exec.Command("go", "doc", "-all", "./canal")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "type Position struct") {
		t.Fatalf("go doc: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "func") && !strings.HasPrefix(line, "type") {
			continue
		}
		code, _, _ := strings.Cut(line, "//")
		if foreign.MatchString(code) {
			t.Errorf("canal exports a type of its binlog library, so whoever uses canal needs the library too: %s", strings.TrimSpace(line))
		}
	}
}

var foreign = regexp.MustCompile(`\b(gocanal|gomysql|mysql|replication|client)\.[A-Z]`)
