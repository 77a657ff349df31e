package shoptest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// The server flavors.
const (
	MariaDB = "mariadb"
	MySQL   = "mysql"
)

// NotFoundError says that no server of a flavor is on this machine, and what to
// do about it. Its text is meant for the user as it is.
type NotFoundError struct {
	Flavor  string // "mariadb" or "mysql"
	Version string // the version asked for, empty for any
	Looked  []string
}

func (e *NotFoundError) Error() string {
	what := "no MariaDB server"
	if e.Flavor == MySQL {
		what = "no MySQL server"
	}
	if e.Version != "" {
		what += " " + e.Version
	}
	return fmt.Sprintf("%s found (looked in %s); %s", what, strings.Join(e.Looked, ", "), e.Remedy())
}

// Remedy returns what to type to get such a server.
func (e *NotFoundError) Remedy() string {
	version := e.Version
	if version == "" {
		version = fetchable[e.Flavor][0]
	}
	fetch := fmt.Sprintf("internal/shoptest/fetch.sh %s %s", e.Flavor, version)
	switch {
	case e.Version != "":
		return "unpack one with: " + fetch
	case e.Flavor == MySQL:
		return "on Ubuntu install one with: sudo apt-get install --no-install-recommends mysql-server-core-8.0" +
			"; or, in a source tree of octail, unpack one with: " + fetch
	}
	return "install one with: sudo apt-get install --no-install-recommends mariadb-server-core" +
		" (Debian 11: mariadb-server-core-10.5, Ubuntu 22.04: mariadb-server-core-10.6)" +
		"; or, in a source tree of octail, unpack one with: " + fetch
}

// fetchable lists the versions fetch.sh knows, the preferred one first.
var fetchable = map[string][]string{
	MariaDB: {"10.11", "11.8", "10.5"},
	MySQL:   {"9.7"},
}

// Binaries is one installation of a database server: the one of this machine, or
// an unpacked tree of packages with a dynamic loader and libraries of its own.
type Binaries struct {
	Flavor  string // "mariadb" or "mysql"
	Version string // of the server, e.g. "10.11.14"
	Server  string // path of mariadbd or mysqld

	tree   string // root of the unpacked tree, empty for the machine's own
	loader string // the tree's dynamic loader
	libs   string // the tree's library path
	share  string // folder of messages, character sets and system tables
}

// Find looks for a server of the flavor ("mariadb" or "mysql"). Without a version
// it takes the one installed on this machine (PATH, /usr/sbin, /usr/libexec), else
// the first one in the cache. With a version ("10.5") it takes only that one from
// the cache, where fetch.sh put it. The cache is $OCTAIL_CACHE, else "octail" in
// the user's cache folder. The error is a *NotFoundError when there is none.
func Find(flavor, version string) (*Binaries, error) {
	if fetchable[flavor] == nil {
		return nil, fmt.Errorf("unknown server flavor %q (known: %s, %s)", flavor, MariaDB, MySQL)
	}
	missing := &NotFoundError{Flavor: flavor, Version: version}
	versions := []string{version}
	if version == "" {
		versions = fetchable[flavor]
		for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/libexec") {
			for _, name := range []string{"mariadbd", "mysqld"} {
				b, err := installed(flavor, filepath.Join(dir, name))
				if err == nil {
					return b, nil
				}
			}
		}
		missing.Looked = append(missing.Looked, "PATH", "/usr/sbin", "/usr/libexec")
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		dir := filepath.Join(cache, flavor+"-"+v)
		if _, err := os.Stat(dir); err == nil {
			return unpacked(flavor, dir)
		}
	}
	missing.Looked = append(missing.Looked, cache)
	return nil, missing
}

// CacheDir returns the folder that holds unpacked servers: $OCTAIL_CACHE, else
// "octail" in the user's cache folder. It need not exist.
func CacheDir() (string, error) {
	if dir := os.Getenv("OCTAIL_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder (set OCTAIL_CACHE): %w", err)
	}
	return filepath.Join(dir, "octail"), nil
}

// installed describes the server program of this machine. It fails when the file
// is missing or is the other flavor: Debian's MariaDB installs a mysqld too.
func installed(flavor, server string) (*Binaries, error) {
	if _, err := os.Stat(server); err != nil {
		return nil, err
	}
	b := &Binaries{Flavor: flavor, Server: server}
	for _, dir := range []string{"/usr/share/mariadb", "/usr/share/mysql"} {
		if systemTables(dir) != "" {
			b.share = dir
			break
		}
	}
	return b, b.identify()
}

// unpacked describes the server in a tree made by fetch.sh.
func unpacked(flavor, tree string) (*Binaries, error) {
	b := &Binaries{Flavor: flavor, tree: tree}
	name := "mariadbd"
	if flavor == MySQL {
		name = "mysqld"
	}
	b.Server = filepath.Join(tree, "usr/sbin", name)
	if err := b.libraries(); err != nil {
		return nil, err
	}
	b.share = filepath.Join(tree, "usr/share/mysql")
	if systemTables(b.share) == "" && systemTables(filepath.Join(tree, "usr/share/mariadb")) != "" {
		b.share = filepath.Join(tree, "usr/share/mariadb")
	}
	return b, b.identify()
}

// libraries finds the tree's dynamic loader and its libraries.
func (b *Binaries) libraries() error {
	// lib64 comes last: on old releases its link is absolute and leaves the tree.
	b.loader = firstMatch(b.tree, "lib/*-linux-gnu*/ld-linux*", "usr/lib/*-linux-gnu*/ld-linux*", "lib/ld-linux*", "usr/lib/ld-linux*", "lib64/ld-linux*", "usr/lib64/ld-linux*")
	if b.loader == "" {
		return fmt.Errorf("%s holds no dynamic loader: remove it and run fetch.sh again", b.tree)
	}
	var libs []string
	for _, pattern := range []string{"lib/*-linux-gnu*", "usr/lib/*-linux-gnu*", "usr/lib/mysql/private"} {
		found, _ := filepath.Glob(filepath.Join(b.tree, pattern))
		libs = append(libs, found...)
	}
	b.libs = strings.Join(libs, ":")
	return nil
}

// systemTables returns the script that makes MariaDB's own tables, empty if the
// folder has none. The files were renamed in MariaDB 11.
func systemTables(share string) string {
	return firstMatch(share, "mariadb_system_tables.sql", "mysql_system_tables.sql")
}

func firstMatch(dir string, patterns ...string) string {
	for _, p := range patterns {
		if found, _ := filepath.Glob(filepath.Join(dir, p)); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

var versionPattern = regexp.MustCompile(`Ver (\d+\.\d+\.\d+)(-MariaDB)?`)

// identify asks the server program for its version and checks the flavor.
func (b *Binaries) identify() error {
	out, err := b.command(context.Background(), b.Server, "--no-defaults", "--version").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return fmt.Errorf("ask %s for its version: %w", b.Server, err)
	}
	m := versionPattern.FindStringSubmatch(string(out))
	if m == nil || (m[2] != "") != (b.Flavor == MariaDB) {
		return fmt.Errorf("%s is not a %s server: %s", b.Server, b.Flavor, strings.TrimSpace(string(out)))
	}
	b.Version = m[1]
	return nil
}

// command builds a call of one of the installation's programs.
func (b *Binaries) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	if b.loader != "" {
		args = append([]string{"--library-path", b.libs, program}, args...)
		program = b.loader
	}
	return exec.CommandContext(ctx, program, args...)
}

// Tool builds a call of a client program of the same installation, such as
// "mariadb-binlog" or "mysqlbinlog". The error says which package holds it.
func (b *Binaries) Tool(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	if b.tree == "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("find %s (install it with: sudo apt-get install --no-install-recommends %s-client): %w", name, b.Flavor, err)
		}
		return exec.CommandContext(ctx, path, args...), nil
	}
	for _, dir := range []string{"usr/bin", "usr/sbin", "bin"} {
		path := filepath.Join(b.tree, dir, name)
		if _, err := os.Stat(path); err == nil {
			return b.command(ctx, path, args...), nil
		}
	}
	return nil, fmt.Errorf("no %s in %s", name, b.tree)
}

// baseArgs are the options every call of the server program begins with.
func (b *Binaries) baseArgs() []string {
	args := []string{"--no-defaults"}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	if b.tree == "" {
		return args
	}
	args = append(args,
		"--basedir="+filepath.Join(b.tree, "usr"),
		"--lc-messages-dir="+b.share,
		"--character-sets-dir="+filepath.Join(b.share, "charsets"))
	if dir := firstMatch(b.tree, "usr/lib/mysql/plugin", "usr/lib/mariadb/plugin"); dir != "" {
		args = append(args, "--plugin-dir="+dir)
	}
	return args
}
