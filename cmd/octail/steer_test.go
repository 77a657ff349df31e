package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/steer"
	"octail/transform/document"
)

// stopped is the configuration of an agent that does not run, and its journal's path; it
// has one dead letter of sink log, for order/1042.
func stopped(t *testing.T) (config, path string) {
	t.Helper()
	config = writeConfig(t, "")
	path = filepath.Join(filepath.Dir(config), "octail.db")
	j := opened(t, path)
	defer j.Close()
	if _, err := j.RegisterSink(t.Context(), "log", "file", 0, 0); err != nil {
		t.Fatal(err)
	}
	key := document.Key{Entity: document.OrderEntity, ID: 1042}
	if _, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: document.Created, Time: time.Now(), Origin: document.FromShop, Schema: 1,
		Fields: []byte{}, Data: []byte(`{"changed":["id"],"document":{"id":1042}}`)}}}); err != nil {
		t.Fatal(err)
	}
	if err := j.Settle(t.Context(), "log", journal.Outcome{Cursors: map[string]int64{journal.Live: 1},
		Dead: []journal.Dead{{Key: key, Revision: 1, Sequence: 1, Class: "permanent", Reason: "refused", Cause: "422: no such tax", Attempts: 1, Since: time.Now(), Answer: "422"}}}); err != nil {
		t.Fatal(err)
	}
	return config, path
}

func opened(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestSteeringWithoutAgent: every verb works on the journal of an agent that is stopped.
func TestSteeringWithoutAgent(t *testing.T) {
	config, path := stopped(t)
	dir := filepath.Dir(config)
	file := filepath.Join(dir, "links.csv")
	if err := os.WriteFile(filepath.Join(dir, "wrong.csv"), []byte("sink,entity,key,target\nlog,product,42,1\nwms,product,42,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  string
		code  int
		parts []string
	}{
		{"dead list", 0, []string{"order/1042", "no such tax", "`octail dead retry --id 1`"}},
		{"dead list --id 1", 0, []string{"answer:  422"}},
		{"dead list -v --json", 0, []string{`"subject": "order/1042"`}},
		{"dead list --sink wms", 2, []string{`there is no sink "wms": choose one of log`}},
		{"dead list --id 1,7", 0, []string{"order/1042"}},
		{"dead", 2, []string{"octail dead list"}},
		{"dead lost", 2, []string{"choose list, retry or discard"}},
		{"dead retry", 2, []string{"--sink NAME", "--all"}},
		{"dead discard --all --id 1", 2, []string{"leave it out"}},
		{"dead retry --id 7", 1, []string{"No dead letter fits"}},
		{"dead retry --reason tax", 1, []string{"No dead letter fits"}},
		{"trace 1042", 0, []string{"log: dead letter 1 since", "`octail dead retry --id 1`"}},
		{"dead retry --entity order/1042", 0, []string{"1 dead letter is tried once more: 1 of log.", "The agent is not running"}},
		{"trace 1042", 0, []string{"log: waits alone (refused) since", "422: no such tax; next try"}},
		{"dead discard --all", 1, []string{"No dead letter fits"}},
		{"pause log", 0, []string{"log is paused", "`octail resume log`"}},
		{"pause wms", 2, []string{`there is no sink "wms" in the configuration: choose one of log`}},
		{"pause", 2, []string{"name one sink: octail pause SINK"}},
		{"resume log --json", 0, []string{`"before": true`}},
		{"resume log", 0, []string{"log was not paused. The agent is not running: what waits is tried after its next start.\n"}},
		{"link log product/42 4711", 0, []string{"product/42 is the record 4711 of log", "log writes a log and has no records", "Is it the right sink?"}},
		{"link log product/42", 2, []string{"octail link erp product/42 4711"}},
		{"link log 42 4711", 2, []string{`"42" is no entity`}},
		{"trace --json order 1042", 0, []string{`"revision": 1`}},
		{"links --export " + file, 0, []string{"links.csv: 1 link."}},
		{"links --export " + file, 1, []string{"nothing was written", "links.csv already", "--force replaces it"}},
		{"links --export " + file + " --force", 0, []string{"links.csv: 1 link."}},
		{"links --import " + file + " --force", 2, []string{"--force belongs to --export"}},
		{"links --export " + filepath.Join(dir, "nowhere", "l.csv"), 1, []string{"write the links: ", "no such file or directory"}},
		{"unlink log product/42", 0, []string{"product/42 is not linked to 4711 of log any more"}},
		{"links --import " + filepath.Join(dir, "wrong.csv"), 2, []string{"nothing was imported", `line 3: there is no sink "wms"`}},
		{"links --export -", 0, []string{"sink,entity,key,target\n"}},
		{"links --import " + file + " --sink log", 0, []string{"1 link read: 1 new"}},
		{"links --export -", 0, []string{"log,product,42,4711\n"}},
		{"links", 2, []string{"octail links --export FILE.csv"}},
		{"links --import nowhere.csv", 2, []string{"nowhere.csv"}},
		{"backup " + filepath.Join(dir, "backup.db"), 0, []string{"backup.db: ", "up to sequence 1"}},
		{"backup " + filepath.Join(dir, "backup.db"), 1, []string{"exists already"}},
		{"backup", 2, []string{"name one new file"}},
	} {
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(c.args)...)...)
		if code != c.code {
			t.Errorf("%s: %d %s%s", c.args, code, stdout, stderr)
		}
		has(t, stdout+stderr, c.parts...)
	}
	back := opened(t, filepath.Join(dir, "backup.db"))
	defer back.Close()
	if link, _, err := back.Link(t.Context(), "log", document.Key{Entity: "product", ID: 42}); link.Target != "4711" || back.Birth() == "" || err != nil {
		t.Errorf("the backup has %+v, birth mark %q, %v", link, back.Birth(), err)
	}

	j := opened(t, path)
	defer j.Close()
	code, _, stderr := octail(t, "--config", config, "pause", "log") // somebody has the journal, and does not answer
	if code != 4 {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestSteeringNeverRun: no verb makes a journal.
func TestSteeringNeverRun(t *testing.T) {
	config := writeConfig(t, "")
	for _, args := range []string{"dead list", "dead retry --all", "pause log", "link log product/42 4711", "links --export -", "backup " + filepath.Join(t.TempDir(), "b.db")} {
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(args)...)...)
		if code != 1 || stdout != "" {
			t.Errorf("%s: %d %s", args, code, stdout)
		}
		has(t, stderr, "octail: the agent has never run: there is no journal ")
	}
	if entries, err := os.ReadDir(filepath.Dir(config)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}

// TestSteeringTheAgent: what the running agent is asked.
func TestSteeringTheAgent(t *testing.T) {
	for _, c := range []struct {
		args, answer, asked, part string
	}{
		{"pause erp", `{"sink":"erp","paused":true,"running":true}`, `POST /api/v1/pause {"sink":"erp"}`, "erp is paused"},
		{"resume erp", `{"sink":"erp","before":true,"running":true}`, `POST /api/v1/resume {"sink":"erp"}`, "erp goes on.\n"},
		{"dead retry --id 7,8 --sink erp", `{"retried":true,"letters":2,"sinks":{"erp":2},"running":true}`, `POST /api/v1/dead/retry {"ids":[7,8],"sink":"erp"}`, "2 dead letters are tried once more: 2 of erp.\n"},
		{"dead discard --all", `{"letters":1,"sinks":{"erp":1}}`, `POST /api/v1/dead/discard {"all":true}`, "1 dead letter is given up: 1 of erp."},
		{"link erp product/42 4711", `{"sink":"erp","subject":"product/42","target":"4711","known":true,"running":true}`, `POST /api/v1/link {"sink":"erp","subject":"product/42","target":"4711"}`, "from now on.\n"},
		{"unlink erp product/42", `{"sink":"erp","subject":"product/42"}`, `POST /api/v1/unlink {"sink":"erp","subject":"product/42"}`, "was not linked"},
		{"pause erp --json", `{"sink":"erp","paused":true}`, "POST /api/v1/pause", `"paused": true`},
	} {
		config, asked := answering(t, c.answer)
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(c.args)...)...)
		if code != 0 || stderr != "" || !strings.HasPrefix(*asked, c.asked) {
			t.Errorf("%s: %d %s, asked %s", c.args, code, stderr, *asked)
		}
		has(t, stdout, c.part)
	}
	config, asked := answering(t, `{"links":1}`)
	file := filepath.Join(filepath.Dir(config), "links.csv")
	if err := os.WriteFile(file, []byte("sink,entity,key,target\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := octail(t, "--config", config, "links", "--import", file, "--sink", "erp", "--json")
	var in steer.Imported
	if err := json.Unmarshal([]byte(stdout), &in); err != nil || code != 0 || in.Links != 1 || *asked != "POST /api/v1/links?sink=erp sink,entity,key,target\n" {
		t.Errorf("%d %s %q", code, stdout, *asked)
	}
}

// TestSteeringAsRoot: what root does to the journal of a stopped agent leaves no file
// that the agent's user cannot use.
func TestSteeringAsRoot(t *testing.T) {
	owner := os.Geteuid()
	if owner == 0 {
		owner = 65534 // nobody
	}
	config, path := stopped(t)
	home := filepath.Join(t.TempDir(), "journal")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(home), filepath.Dir(filepath.Dir(home))} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, end := range []string{"", ".born"} {
		if err := os.Rename(path+end, filepath.Join(home, "octail.db"+end)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(home, "octail.db"+end), owner, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(home, owner, -1); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, []byte(strings.ReplaceAll(string(text), path, filepath.Join(home, "octail.db"))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := process(t, "--config", config, "pause", "log").CombinedOutput(); err != nil || !strings.Contains(string(out), "log is paused") {
		t.Fatalf("%v %s", err, out)
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) < 3 { // journal, birth file, lock
		t.Errorf("%v %v", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if by := info.Sys().(*syscall.Stat_t).Uid; int(by) != owner {
			t.Errorf("%s belongs to %d, not to %d", e.Name(), by, owner)
		}
	}
}

// TestJournalOfAnotherShop: nothing is done to it, and nothing is told of it.
func TestJournalOfAnotherShop(t *testing.T) {
	config, path := stopped(t)
	j := opened(t, path)
	if err := j.SetMeta(t.Context(), "shop", "other-shop"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"status", "trace 1042", "dead list", "dead discard --all", "pause log", "link log product/42 1", "links --reset --sink log", "links --export -", "backup " + path + ".copy"} {
		code, stdout, stderr := octail(t, append([]string{"--config", config}, strings.Fields(args)...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, `the shop "other-shop"`) || !strings.Contains(stderr, `of "main-shop"`) {
			t.Errorf("%s: %d %s%s", args, code, stdout, stderr)
		}
	}
	if _, err := os.Stat(path + ".copy"); !os.IsNotExist(err) {
		t.Errorf("copied: %v", err)
	}
}
