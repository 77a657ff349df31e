package config

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	// Small hosts and containers have no zone files, and a zone must mean the same everywhere.
	_ "time/tzdata"
)

// TimezoneAuto asks the shop, then its database server, for the time zone.
const TimezoneAuto = "auto"

// How the connection to the shop's database is encrypted.
const (
	TLSPreferred = "preferred" // encrypted when the server can, the certificate is not checked
	TLSRequired  = "required"  // encrypted or not at all, the certificate is not checked
	TLSOff       = "off"       // never encrypted
	TLSVerify    = "verify"    // encrypted, the certificate must be good for the host name
)

var (
	shopName    = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	tablePrefix = regexp.MustCompile(`^[A-Za-z0-9_]*$`)
)

// Shop is the OpenCart shop and its database.
type Shop struct {
	Name        string `yaml:"name"`
	TablePrefix string `yaml:"table_prefix"`
	Timezone    string `yaml:"timezone"`   // an IANA zone name, or TimezoneAuto
	ImageBase   string `yaml:"image_base"` // absolute folder or URL; empty: no image URLs
	MySQL       MySQL  `yaml:"mysql"`
}

// MySQL is the way to the shop's database server.
type MySQL struct {
	Address  string `yaml:"address"` // host:port, or unix:/path
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	Database string `yaml:"database"`
	ServerID uint32 `yaml:"server_id"` // 0: derived and stored
	TLS      TLS    `yaml:"tls"`
}

// TLS is written as a mode, or as a section {ca, cert, key} which means TLSVerify.
type TLS struct {
	Mode string `yaml:"-"`
	CA   string `yaml:"ca" unit:"path"`   // file; empty: the system's authorities
	Cert string `yaml:"cert" unit:"path"` // file of the client's certificate, together with Key
	Key  string `yaml:"key" unit:"path"`
}

func defaultShop() Shop {
	return Shop{TablePrefix: "oc_", Timezone: TimezoneAuto, MySQL: MySQL{TLS: TLS{Mode: TLSPreferred}}}
}

// UnmarshalConfig reads either form.
func (t *TLS) UnmarshalConfig(v *Value) {
	if !v.IsSection() {
		if v.Decode(&t.Mode) {
			v.oneOf(t.Mode, TLSPreferred, TLSRequired, TLSOff, TLSVerify)
		}
		return
	}
	t.Mode = TLSVerify
	type files TLS // without this method
	if !v.Decode((*files)(t)) {
		return
	}
	if (t.Cert == "") != (t.Key == "") {
		v.Problem("cert and key belong together; give both files or neither")
	}
	if t.CA == "" && t.Cert == "" && t.Key == "" {
		v.Problem("needs ca, or cert and key; to check the server against the system's authorities write tls: verify")
	}
}

func (c *Shop) check(s *Section) {
	s.require("name", c.Name, "give the shop a short name, e.g. main-shop")
	if c.Name != "" && !shopName.MatchString(c.Name) {
		s.Problem("name", `%s must be 1 to 32 of the characters a-z, 0-9 and "-", e.g. main-shop`, s.Quote("name"))
	}
	if !tablePrefix.MatchString(c.TablePrefix) {
		s.Problem("table_prefix", "%s may only have letters, digits and underscores, e.g. oc_ (see DB_PREFIX in the shop's config.php)", s.Quote("table_prefix"))
	}
	c.checkTimezone(s)
	if c.ImageBase != "" && !folderOrURL(c.ImageBase) {
		s.Problem("image_base", "%s must be an absolute folder or a URL, e.g. https://shop.example.com/image/", s.Quote("image_base"))
	}
	c.MySQL.check(s.child("mysql"))
}

func (c *Shop) checkTimezone(s *Section) {
	if c.Timezone == TimezoneAuto {
		return
	}
	// time.LoadLocation takes "" for UTC and "Local" for whatever this machine has: both say nothing about the shop.
	_, err := time.LoadLocation(c.Timezone)
	if err != nil || c.Timezone == "" || c.Timezone == "Local" {
		s.Problem("timezone", "%s is not a time zone; write auto or a name from the IANA list, e.g. Europe/Berlin", s.Quote("timezone"))
	}
}

func (c *MySQL) check(s *Section) {
	s.require("address", c.Address, "write host:port, e.g. 127.0.0.1:3306, or unix:/run/mysqld/mysqld.sock")
	s.require("user", c.User, "name the database user that octail connects as, e.g. octail")
	s.require("database", c.Database, "name the shop's database, e.g. opencart (see DB_DATABASE in the shop's config.php)")
	if c.Address != "" && !mysqlAddress(c.Address) {
		s.Problem("address", "%s must be host:port, e.g. 127.0.0.1:3306, or unix:/run/mysqld/mysqld.sock", s.Quote("address"))
	}
	if s.Has("server_id") && c.ServerID == 0 {
		s.Problem("server_id", "must be a number from 1 to 4294967295 that no other replica uses; remove the line to have it derived")
	}
}

func mysqlAddress(address string) bool {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return filepath.IsAbs(path) && !strings.HasSuffix(path, "/")
	}
	host, port, ok := hostPort(address)
	return ok && host != "" && port != 0
}

func folderOrURL(s string) bool {
	if filepath.IsAbs(s) {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
