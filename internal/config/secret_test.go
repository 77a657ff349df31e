package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestSecretDoesNotPrint(t *testing.T) {
	s := Secret(hunter2)
	c := Config{Shop: Shop{MySQL: MySQL{Password: s}}, HTTP: HTTP{Token: s}}
	var out bytes.Buffer
	for _, verb := range strings.Split("v +v #v s q x X d T t b o e U c 10s -10q #x", " ") {
		if verb != "T" {
			if got := fmt.Sprintf("%"+verb, s); got != mask {
				t.Errorf("%%%s prints %s", verb, got)
			}
		}
		fmt.Fprintf(&out, "%"+verb+" %"+verb+" %"+verb+"\n", c, &c, []Secret{s})
	}
	fmt.Fprintln(&out, s, s.String(), s.GoString(), c, &c, map[Secret]Secret{s: s}, fmt.Errorf("password %w %s", fmt.Errorf("%v", s), s))
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("login", "password", s, "config", c, "list", []Secret{s})
	}
	for _, v := range []any{s, c, &c, []Secret{s}, map[string]Secret{"a": s}} {
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
	x, err := xml.Marshal(MySQL{Password: s})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(x)
	for _, leak := range []string{hunter2, fmt.Sprintf("%x", hunter2), fmt.Sprintf("%X", hunter2)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%s is printed:\n%s", leak, out.String())
		}
	}
	if s.Reveal() != hunter2 {
		t.Error("Reveal does not give the value")
	}
}
