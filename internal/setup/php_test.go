package setup

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConstants: what PHP would define, without running it.
func TestConstants(t *testing.T) {
	for source, want := range map[string]string{
		`<?php define('A', 'x');`:                                          "x",
		`<?php DEFINE ( "A" , "x" ) ;`:                                     "x",
		`<?php \define('A', 'x', true);`:                                   "x",
		"<?php\r\ndefine('A',\r\n'x');\r\n?>\r\n":                          "x",
		"\ufeff<?php define('A', 'x');":                                    "x",
		`<html><?= 1 ?> define('A','no'); <?php define('A', 'x');`:         "x",
		`<?php define('A', 'it\'s \\ \n $x "q"');`:                         `it's \ \n $x "q"`,
		`<?php define('A', "it's \\ \$x \"q\" \x41\101\u{20ac}\q\x");`:     `it's \ $x "q" AA€\q\x`,
		`<?php define('A', "50$ or $5 {x} \t");`:                           "50$ or $5 {x} \t",
		`<?php define('A', 3306);`:                                         "3306",
		`<?php define('B', '/var/www/'); define('A', B . 'image/' . 'x');`: "/var/www/image/x",
		`<?php define('A', __DIR__ . '/image/');`:                          "/shop/image/",
		`<?php // define('A', 'no');
		# define('A', 'no')
		/* define('A', 'no'); */ define(/* name */ 'A', // value
		'x' # end
		);`: "x",
		`<?php $s = "define('A', 'no');"; define('A', 'x');`:                     "x",
		`<?php $s = 'define(\'A\', \'no\');'; define('A', 'x');`:                 "x",
		"<?php $s = <<<EOT\ndefine('A', 'no');\n  EOT; define('A', 'x');":        "x",
		"<?php $s = <<<'EOT'\nEOTX define('A', 'no');\nEOT\n; define('A', 'x');": "x",
		`<?php #[Attribute] define('A', 'x');`:                                   "x",
		`<?php // closed ?> define('A', 'no'); <?php define('A', 'x');`:          "x",
		`<?php defined('A') || define('A', 'x'); define('A', 'y');`:              "x twice",
		`<?php define('A', 'x'); define('A', 'x');`:                              "x",
		`<?php define('A', getenv('DB') ?: 'no'); define('B', 'x');`:             "unknown",
		`<?php define('A', "no$name");`:                                          "unknown",
		`<?php define('A', "no{$name}");`:                                        "unknown",
		"<?php define('A', `cat /etc/passwd`);":                                  "unknown",
		`<?php define('A', OTHER);`:                                              "unknown",
		`<?php define('A', 'x' . );`:                                             "unknown",
		`<?php define('A', $_SERVER["X"]);`:                                      "unknown",
		`<?php define('A', 'not closed);`:                                        "unknown",
		`<?php define('A', f('x', 'y')); define('C', 'z');`:                      "unknown",
		`<?php define('A'`:                                                       "none",
		`<?php define($a, 'no'); undefine('A', 'no'); $define('A', 'no');`:       "none",
		`define('A', 'no');`:                                                     "none",
		"":                                                                       "none",
		"<?php " + strings.Repeat("(", 10000):                                    "none",
	} {
		values, unknown, twice := constants(source, "/shop")
		got, ok := values["A"]
		switch {
		case unknown["A"]:
			got = "unknown"
		case !ok:
			got = "none"
		case twice["A"]:
			got += " twice"
		}
		if got != want {
			t.Errorf("%s\ngave %q, want %q", source, got, want)
		}
	}
}

// FuzzConstants: no file makes it stumble.
func FuzzConstants(f *testing.F) {
	f.Add("<?php define('A', \"\\x4\\u{110000}\" . B); <<<'X'\n X ?>")
	f.Fuzz(func(_ *testing.T, source string) { constants(source, "/") })
}

// TestReadShop reads config.php as the releases' installers write it.
func TestReadShop(t *testing.T) {
	for name, want := range map[string]Shop{
		"1.5":       {Host: "localhost", User: "shop", Password: "it's", Database: "shop15", Prefix: "", URL: "http://www.shop.example.com/", Images: "/var/www/shop/image/"},
		"2.3":       {Host: "127.0.0.1", Port: "3306", User: "shop", Password: `a"b$c`, Database: "shop23", Prefix: "oc_", URL: "https://shop.example.com/", Images: "/var/www/shop/image/"},
		"3.0":       {Host: "db.example.com", Port: "3307", User: "shop", Password: "x", Database: "shop30", Prefix: "oc_", URL: "http://shop.example.com/store/", Images: "/var/www/shop/image/"},
		"3.0-admin": {Host: "localhost", Port: "3306", User: "shop", Password: "x", Database: "shop30", Prefix: "oc_", URL: "https://shop.example.com/", Images: "/var/www/shop/image/"},
		"4.0":       {Host: "localhost", Port: "3306", User: "shop", Password: "", Database: "shop40", Prefix: "oc_", URL: "https://shop.example.com/", Images: "/var/www/shop/image/"},
		"4.1":       {Host: "mariadb", Port: "3306", User: "shop", Password: "x", Database: "shop41", Prefix: "oc_", URL: "http://localhost/", Images: "/var/www/html/image/"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "config-"+name+".php"))
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			want.File = filepath.Join(folder, "config.php")
			if err := os.WriteFile(want.File, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{folder, want.File} {
				got, err := ReadShop(path)
				if err != nil {
					t.Fatal(err)
				}
				if got.Password.Reveal() != want.Password.Reveal() {
					t.Errorf("the password is %q", got.Password.Reveal())
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestNoShop: what is no shop's config.php is said, with what to do.
func TestNoShop(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, part := range map[string]string{
		folder:                            "has no config.php",
		filepath.Join(folder, "none"):     "there is no ",
		write("empty.php", " \n"):         "has not been installed yet",
		write("other.php", "<?php $a=1;"): "does not define DB_DATABASE",
		write("big.php", strings.Repeat(" ", maxFileBytes+1)):               "larger than 1 MiB",
		write("evil.php", "<?php define('DB_DATABASE', \"a\\nSQL\\nrm\");"): "control characters",
	} {
		if _, err := ReadShop(path); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %q", path, err, part)
		}
	}
	s, err := ReadShop(write("computed.php", `<?php define('DB_HOSTNAME', getenv('H')); define('DB_DATABASE', getenv('D')); define('DB_PREFIX', 'a'); define('DB_PREFIX', 'b');`))
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(s.Notes, "\n")
	for _, part := range []string{"DB_HOSTNAME is computed", "give --address", "give --database", "DB_PREFIX is defined more than once"} {
		if !strings.Contains(notes, part) {
			t.Errorf("no %q in\n%s", part, notes)
		}
	}
}

func TestAddress(t *testing.T) {
	const socket = "/run/mysqld/mysqld.sock"
	for in, want := range map[[3]string]string{
		{"localhost", "", socket}:           "unix:" + socket,
		{"localhost", "3306", socket}:       "unix:" + socket,
		{"LOCALHOST", "3306", ""}:           "127.0.0.1:3306",
		{"", "", socket}:                    "unix:" + socket,
		{"", "", ""}:                        "127.0.0.1:3306",
		{"localhost", "3307", ""}:           "127.0.0.1:3307",
		{"localhost:3307", "3306", socket}:  "127.0.0.1:3307",
		{"localhost:/a/b.sock", "", socket}: "unix:/a/b.sock",
		{":/a/b.sock", "", ""}:              "unix:/a/b.sock",
		{"/a/../b.sock", "", ""}:            "unix:/b.sock",
		{"unix:/b.sock", "", ""}:            "unix:/b.sock",
		{"p:db.example.com", "", socket}:    "db.example.com:3306",
		{"db.example.com", "3307", socket}:  "db.example.com:3307",
		{"db.example.com:3308", "3306", ""}: "db.example.com:3308",
		{" 127.0.0.1 ", " 3306 ", socket}:   "127.0.0.1:3306",
		{"::1", "3306", ""}:                 "[::1]:3306",
		{"[::1]", "3306", ""}:               "[::1]:3306",
		{"[::1]:3307", "3306", ""}:          "[::1]:3307",
		{"db.example.com", "0", ""}:         "",
		{"db.example.com", "x", ""}:         "",
		{"db.example.com:99999", "", ""}:    "",
		{"a b", "", ""}:                     "",
		{"http://db.example.com/", "", ""}:  "",
		{"$(reboot)", "", ""}:               "",
		{"user@db.example.com", "3306", ""}: "",
	} {
		got, err := address(in[0], in[1], in[2])
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q gave %q (%v), want %q", in, got, err, want)
		}
	}
}

func TestShopName(t *testing.T) {
	for in, want := range map[string]string{
		"https://www.shop.example.com/": "shop-example-com", "http://Example.COM:8080/a/": "example-com", "http://localhost/": "", "http://192.0.2.7/": "",
		"": "", "http://xn--caf-dma.example.com/": "xn-caf-dma-example-com", "http://a-very-long-name-of-a-shop.in.some.example.com/": "a-very-long-name-of-a-shop-in-so",
	} {
		if got := shopName(in); got != want {
			t.Errorf("%s gave %q, want %q", in, got, want)
		}
	}
}

// TestUnreadable: a shop's config.php is often the web server's alone.
func TestUnreadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.php")
	if err := os.WriteFile(file, []byte("<?php define('DB_DATABASE', 'opencart');"), 0o000); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		if _, err := ReadShop(file); err == nil || !strings.Contains(err.Error(), file+" may not be read by this user") || !strings.Contains(err.Error(), "sudo") {
			t.Errorf("%v", err)
		}
	})
}

// TestNoRight: nothing may be written here.
func TestNoRight(t *testing.T) {
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	r := plan(t, Options{Database: "opencart", Address: "127.0.0.1:1", Config: filepath.Join(folder, "a", "octail.yaml")}, Machine{})
	asNobody(t, func() {
		if err := r.Write(false); err == nil || !strings.Contains(err.Error(), "as root (sudo), or name another file with --config") {
			t.Errorf("%v", err)
		}
	})
}

// asNobody runs a function without root's rights to files.
func asNobody(t *testing.T, fn func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		fn()
		return
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and the thread ends with the goroutine
		if err := syscall.Setfsuid(65534); err != nil {
			done <- err
			return
		}
		fn()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
