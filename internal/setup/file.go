package setup

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"octail/internal/config"
)

// ErrExists: there is a configuration already.
var ErrExists = errors.New("there is a configuration already")

var plainYAML = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// yamlText is a text as a value of the configuration, whatever is in it.
func yamlText(s string) string {
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
	default:
		if plainYAML.MatchString(s) {
			return s
		}
	}
	text, _ := json.Marshal(strings.ReplaceAll(s, "${", "$${")) // no text fails
	return strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(text))
}

// render is the configuration file: the smallest useful one.
func (r *Result) render(o Options, s Shop) ([]byte, error) {
	journal, events := "octail.db", "events.jsonl"
	if r.service() {
		journal, events = "/var/lib/octail/octail.db", "/var/log/octail/events.jsonl"
	}
	r.events = events
	if !r.service() {
		r.events = filepath.Join(filepath.Dir(r.Config), events)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# octail's configuration, made by `octail init`. It has what there is no default for; the annotated")
	line("# config.yaml of the distribution has every other key. `octail check` tries a change.")
	line("")
	line("shop:")
	line("  # Part of every event (octail://%s), and fixed in the journal at the first start.", r.Shop)
	line("  name: %s", yamlText(r.Shop))
	if r.TablePrefix != "oc_" {
		line("  table_prefix: %s", yamlText(r.TablePrefix))
	}
	if o.Timezone != "" {
		line("  timezone: %s", yamlText(o.Timezone))
	}
	if base := s.imageBase(); base != "" {
		line("  # Put before the paths of images, so that product documents carry complete addresses.")
		line("  image_base: %s", yamlText(base))
	}
	line("  mysql:")
	line("    address: %s", yamlText(r.Address))
	line("    user: %s", yamlText(r.account.User))
	switch {
	case r.PasswordFile == "":
		line("    # No password: the server knows the system user %s by the socket.", r.account.User)
	case r.PasswordFile == filepath.Join(serviceCredentials, credentialName):
		line("    password: \"${credential:%s}\"   # %s", credentialName, r.PasswordFile)
	default:
		line("    password: %s", strings.Replace(yamlText("\x00"+r.PasswordFile+"}"), `\u0000`, "${file:", 1))
	}
	line("    database: %s", yamlText(r.Database))
	line("")
	line("journal:")
	line("  # octail's state: what it has seen, what it has delivered.")
	line("  path: %s", journal)
	line("")
	line("sinks:")
	line("  # Every new state of an order, customer, product, stock level and category as one line of JSON.")
	line("  - name: log")
	line("    type: file")
	line("    path: %s", events)
	// What was given on the command line is as strict as what stands in a file. The
	// password's file may not be there yet.
	checked := regexp.MustCompile(`(?m)^    password: .*\n`).ReplaceAllString(b.String(), "")
	if _, _, err := config.Parse("the configuration", []byte(checked), o.Types); err != nil {
		return nil, fmt.Errorf("this gives no good configuration:\n%w", err)
	}
	return []byte(b.String()), nil
}

// Write makes the password, where there is to be one, and the configuration.
func (r *Result) Write(force bool) error {
	err := r.write(force)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w. Run octail init as root (sudo), or name another file with --config", err)
	}
	return err
}

func (r *Result) write(force bool) error {
	if _, err := os.Lstat(r.Config); err == nil && !force {
		return exists(r.Config)
	}
	if r.PasswordFile != "" {
		made, err := r.makePassword()
		if err != nil {
			return err
		}
		r.PasswordMade = made
	}
	err := r.writeFile(r.Config, r.file, force)
	if errors.Is(err, fs.ErrExist) {
		return exists(r.Config)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

func exists(path string) error {
	return fmt.Errorf("%w, %s: --force replaces it, and `octail check` says what it still lacks", ErrExists, path)
}

// makePassword makes a password that nobody has to know. One that is there stays:
// the database's user may have it already.
func (r *Result) makePassword() (made bool, err error) {
	text, err := os.ReadFile(r.PasswordFile)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		if strings.ContainsAny(string(text), "'\\") {
			r.Notes = append(r.Notes, r.PasswordFile+" holds ' or \\: the commands below take it as it stands, so give the user its password by hand, or remove the file and run octail init --force")
		}
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("read the password's file: %w", err)
	}
	// A letter of each kind and a sign: some servers insist.
	if err := r.writeFile(r.PasswordFile, []byte(rand.Text()+"-"+strings.ToLower(rand.Text()[:8])+"-7\n"), true); err != nil {
		return false, fmt.Errorf("write the password's file: %w", err)
	}
	return true, nil
}

// writeFile writes a file that root and the service may read, whole or not at all.
func (r *Result) writeFile(path string, data []byte, replace bool) error {
	group := r.serviceGroup()
	folder := filepath.Dir(path)
	if err := makeFolder(folder, group); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing once it has its name
	_, writeErr := f.Write(data)
	if err := errors.Join(writeErr, f.Chmod(0o640), f.Chown(-1, group), f.Sync(), f.Close()); err != nil {
		return err
	}
	if !replace { // os.Rename would replace what came in between
		return os.Link(f.Name(), path)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// makeFolder makes what is missing of a folder, for root and the service.
func makeFolder(folder string, group int) error {
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeFolder(filepath.Dir(folder), group); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chown(folder, -1, group)
}

// serviceGroup is the group that files of the service belong to; -1: as it comes.
func (r *Result) serviceGroup() int {
	if os.Geteuid() != 0 || !r.service() {
		return -1
	}
	g, err := user.LookupGroup(serviceUser)
	if err != nil {
		r.Notes = append(r.Notes, "there is no group octail yet: run `make install` (or systemd-sysusers) first, then octail init --force, else the service cannot read "+serviceFolder)
		return -1
	}
	id, err := strconv.Atoi(g.Gid)
	if err != nil {
		return -1
	}
	return id
}
