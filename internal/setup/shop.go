package setup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"octail/internal/config"
)

// maxFileBytes bounds config.php: a real one has some forty lines.
const maxFileBytes = 1 << 20

// Shop is what an OpenCart's config.php says about its database.
type Shop struct {
	File     string // config.php
	Host     string // DB_HOSTNAME
	Port     string // DB_PORT, "" before OpenCart 2.1
	User     string
	Password config.Secret
	Database string
	Prefix   string
	URL      string // of the storefront, "" when it says none
	Images   string // DIR_IMAGE, "" when it says none
	Notes    []string
}

// ReadShop reads config.php in a shop's folder, or a file that is named itself.
func ReadShop(path string) (Shop, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return Shop{}, fmt.Errorf("find the shop: %w", err)
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "config.php")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return Shop{}, fmt.Errorf("%s has no config.php: name the folder that OpenCart's index.php is in, or its config.php", path)
		}
	}
	f, err := os.Open(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Shop{}, fmt.Errorf("there is no %s: name the folder of the shop, or its config.php", path)
	case errors.Is(err, fs.ErrPermission):
		return Shop{}, fmt.Errorf("%s may not be read by this user: run octail init as root (sudo), or give --database and the other flags instead", file)
	case err != nil:
		return Shop{}, fmt.Errorf("read the shop's config.php: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	switch {
	case err != nil:
		return Shop{}, fmt.Errorf("read the shop's config.php: %w", err)
	case len(data) > maxFileBytes:
		return Shop{}, fmt.Errorf("%s is larger than 1 MiB and therefore no config.php of a shop", file)
	case strings.TrimSpace(string(data)) == "":
		return Shop{}, fmt.Errorf("%s is empty: this shop has not been installed yet", file)
	}
	return parseShop(file, string(data))
}

// parseShop takes the shop's settings out of the text of its config.php.
func parseShop(file, text string) (Shop, error) {
	values, unknown, twice := constants(text, filepath.Dir(file))
	s := Shop{File: file, Host: values["DB_HOSTNAME"], Port: values["DB_PORT"], User: values["DB_USERNAME"],
		Password: config.Secret(values["DB_PASSWORD"]), Database: values["DB_DATABASE"], Prefix: values["DB_PREFIX"], Images: values["DIR_IMAGE"]}
	_, named := values["DB_DATABASE"]
	if !named && !unknown["DB_DATABASE"] {
		return Shop{}, fmt.Errorf("%s does not define DB_DATABASE: it is no config.php of an OpenCart shop", file)
	}
	for _, c := range []struct{ name, flag string }{{"DB_HOSTNAME", "--address"}, {"DB_DATABASE", "--database"}, {"DB_PREFIX", "--prefix"}} {
		if unknown[c.name] {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is computed in %s, which octail does not run: give %s", c.name, file, c.flag))
		}
	}
	for _, name := range []string{"DB_HOSTNAME", "DB_PORT", "DB_DATABASE", "DB_PREFIX"} {
		if twice[name] {
			s.Notes = append(s.Notes, fmt.Sprintf("%s is defined more than once in %s; the first one is taken, as PHP does", name, file))
		}
	}
	for _, name := range []string{s.Host, s.Port, s.Database, s.Prefix} {
		if strings.ContainsFunc(name, unicode.IsControl) {
			return Shop{}, fmt.Errorf("%s holds control characters in the settings of the database", file)
		}
	}
	// The admin's own config.php says where the storefront is by other names.
	for _, name := range []string{"HTTPS_CATALOG", "HTTP_CATALOG", "HTTPS_SERVER", "HTTP_SERVER"} {
		v := values[name]
		u, err := url.Parse(v)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsFunc(v, unicode.IsControl) {
			continue
		}
		if strings.HasPrefix(name, "HTTPS_") && u.Scheme != "https" { // both are the same in many shops
			continue
		}
		s.URL = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + "/"}).String()
		break
	}
	return s, nil
}

// Images are where the shop's images are, as shop.image_base; "" when unknown.
func (s Shop) imageBase() string {
	switch {
	case s.URL != "" && shopName(s.URL) != "":
		return s.URL + "image/"
	case filepath.IsAbs(s.Images) && !strings.ContainsFunc(s.Images, unicode.IsControl):
		return s.Images
	}
	return ""
}

var noName = regexp.MustCompile(`[^a-z0-9]+`)

// shopName makes shop.name of the storefront's address; "" when that says nothing.
func shopName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return ""
	}
	name := strings.Trim(noName.ReplaceAllString(host, "-"), "-")
	return strings.Trim(name[:min(len(name), 32)], "-")
}

// Sockets are where database servers have their socket, the usual first.
var Sockets = []string{"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"}

// address is shop.mysql.address for what PHP was told. socket is the server's on
// this machine, "" when there is none: PHP takes it for "localhost".
func address(host, port, socket string) (string, error) {
	host = strings.TrimPrefix(strings.TrimSpace(host), "p:") // a persistent connection
	if port = strings.TrimSpace(port); port == "" {
		port = "3306"
	}
	if path, ok := strings.CutPrefix(host, "unix:"); ok { // as octail itself writes it
		host = path
	}
	explicit := false
	switch before, behind, colon := strings.Cut(host, ":"); {
	case strings.HasPrefix(host, "/"):
		return "unix:" + filepath.Clean(host), nil
	case colon && strings.HasPrefix(behind, "/") && !strings.HasPrefix(behind, "//"): // localhost:/path, :/path
		return "unix:" + filepath.Clean(behind), nil
	case strings.HasPrefix(host, "["):
		if h, p, err := net.SplitHostPort(host); err == nil {
			host, port = h, p
		} else {
			host = strings.Trim(host, "[]")
		}
	case colon && !strings.Contains(behind, ":"):
		host, port, explicit = before, behind, true
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q is no port of a database server: give --address host:port", port)
	}
	if host == "" || strings.EqualFold(host, "localhost") {
		if socket != "" && !explicit {
			return "unix:" + socket, nil
		}
		host = "127.0.0.1"
	}
	if strings.ContainsAny(host, " \t/@'\"`$\\") {
		return "", fmt.Errorf("%q is no host of a database server: give --address host:port or unix:/path", host)
	}
	return net.JoinHostPort(host, port), nil
}
