package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestURLPrintsHostOnly: what stands behind the host, and who asks, may be secret.
func TestURLPrintsHostOnly(t *testing.T) {
	const secret = "https://user:hunter2@hooks.example.com:8443/hunter2?key=hunter2"
	u := URL(secret)
	c := struct {
		Name string
		URL  URL
	}{"hook", u}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x %v %+v %#v %v\n", u, u, u, u, u, u, c, &c, c, []URL{u})
	slog.New(slog.NewTextHandler(&out, nil)).Info("open", "url", u, "config", c)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("open", "url", u, "config", c)
	for _, v := range []any{u, c, []URL{u}, map[string]URL{"a": u}} {
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		y, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
		out.Write(y)
	}
	if strings.Contains(out.String(), hunter2) || strings.Contains(out.String(), fmt.Sprintf("%x", hunter2)) {
		t.Errorf("a secret is printed:\n%s", out.String())
	}
	if n := strings.Count(out.String(), "https://hooks.example.com:8443"); n < 15 {
		t.Errorf("the host is printed %d times:\n%s", n, out.String())
	}
	if u.Reveal() != secret || URL("hunter2").String() != mask || URL("%zz").String() != mask {
		t.Error("Reveal or String")
	}
}

type hookSettings struct {
	URL    URL     `yaml:"url"`
	Secret Secrets `yaml:"secret"`
}

func (c *hookSettings) Validate(s *Section) {
	s.CheckURL("url", c.URL)
	for _, secret := range c.Secret {
		if !strings.HasPrefix(secret.Reveal(), "good") {
			s.Problem("secret", "must begin with good")
		}
	}
}

// TestSecretsOfSinks: one or a list; commands that only look do without them.
func TestSecretsOfSinks(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	types := Types{"hook": func() any { return &hookSettings{} }}
	config := func(settings string) string {
		return strings.Replace(smallest, "type: file, path: /var/log/octail/events.jsonl", "type: hook, "+settings, 1)
	}
	const url = "url: https://hooks.example.com/"
	for settings, want := range map[string]Secrets{
		url + ", secret: good1":            {"good1"},
		url + ", secret: [good1, good2]":   {"good1", "good2"},
		url + ", secret: []":               {},
		url:                                nil,
		url + ", secret: {a: b}":           nil,
		url + ", secret: [good1, [good2]]": nil,
		url + ", secret: [good1, bad]":     nil,
	} {
		c, _, err := Parse("config.yaml", []byte(config(settings)), types)
		if wrong := want == nil && settings != url; wrong != (err != nil) {
			t.Errorf("%s: %v", settings, err)
		}
		if err != nil {
			continue
		}
		got := c.Sinks[0].Settings.(*hookSettings).Secret
		if len(got) != len(want) {
			t.Errorf("%s: %d secrets", settings, len(got))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: secret %d is another", settings, i)
			}
		}
	}

	path := filepath.Join(t.TempDir(), "config.yaml")
	for settings, ok := range map[string]bool{
		`url: "${OCTAIL_TEST_UNSET}", secret: ["${OCTAIL_TEST_UNSET}", good2]`: true,
		url + `, secret: "${credential:none}"`:                                 true,
		url + `, secret: bad`:                                                  false,
		`url: "hunter2", secret: "${OCTAIL_TEST_UNSET}"`:                       false,
	} {
		if err := os.WriteFile(path, []byte(config(settings)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := LoadWithoutSecrets(path, types); (err == nil) != ok {
			t.Errorf("%s: %v", settings, err)
		}
		if _, _, err := Load(path, types); err == nil {
			t.Errorf("%s: loaded", settings)
		}
	}
}

// TestExposedURL: only an address that holds a secret is a secret in a file that
// everybody may read.
func TestExposedURL(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "x")
	types := Types{"hook": func() any { return &hookSettings{} }}
	path := filepath.Join(t.TempDir(), "config.yaml")
	for url, warned := range map[string]bool{
		"https://hooks.example.com/events":              false,
		"https://hooks.example.com/events?key=hunter2":  true,
		"https://user:hunter2@hooks.example.com/events": true,
	} {
		text := strings.Replace(smallest, "type: file, path: /var/log/octail/events.jsonl", "type: hook, url: '"+url+"'", 1)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, warnings, err := Load(path, types)
		if err != nil || (len(warnings) > 0) != warned {
			t.Errorf("%s: %v %v", url, warnings, err)
		}
	}
}
