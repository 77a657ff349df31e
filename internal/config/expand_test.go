package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("OCTAIL_TEST_SECRET", "a: #b ${OCTAIL_TEST_SECRET}")
	for name, text := range map[string]string{"plain": "p", "newline": "p\n", "two": "p\n\n", "windows": "p\r\n", "lines": "p\nq\n", "key@example.com": "k"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"":                                       "",
		"plain":                                  "plain",
		"a $ b $$ $x $(y) } {":                   "a $ b $$ $x $(y) } {",
		"${OCTAIL_TEST_SECRET}":                  "a: #b ${OCTAIL_TEST_SECRET}", // not expanded again
		"<${OCTAIL_TEST_SECRET}>":                "<a: #b ${OCTAIL_TEST_SECRET}>",
		"$${OCTAIL_TEST_SECRET}":                 "${OCTAIL_TEST_SECRET}",
		"$$${x":                                  "$${x",
		"${file:" + dir + "/plain}":              "p",
		"${file:" + dir + "/newline}":            "p",
		"${file:" + dir + "/windows}":            "p",
		"${file:" + dir + "/two}":                "p\n",
		"${file:" + dir + "/lines}":              "p\nq",
		"${credential:newline}":                  "p",
		"${credential:key@example.com}":          "k",
		"${credential:plain}${credential:plain}": "pp",
	} {
		if x := expand(text, ""); x.text != want || len(x.problems) > 0 {
			t.Errorf("%s gave %q %q, want %q", text, x.text, x.problems, want)
		}
	}
}

func TestExpandProblems(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, maxSecretBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for text, want := range map[string]string{
		"${}":                     "must be ${NAME}",
		"${ A }":                  "must be ${NAME}",
		"${1A}":                   "must be ${NAME}",
		"${file:}":                "must be ${NAME}",
		"${credential:}":          "must be ${NAME}",
		"${credential:a/b}":       "must be ${NAME}",
		"${credential:..}":        "must be ${NAME}",
		"${env:HOME}":             "must be ${NAME}",
		"x${":                     "has ${ without }",
		"${OCTAIL_TEST_UNSET}":    "environment variable OCTAIL_TEST_UNSET is not set",
		"${credential:mysql}":     "credential mysql (/etc/octail/credentials/mysql) does not exist; write the secret into this file",
		"${file:" + large + "}":   "is larger than 64 KiB",
		"${file:/dev/null}":       "is not a regular file",
		"${file:/dev/null/x}":     "cannot be read: not a directory; create it, or correct the path",
		"${file:expand.go/${x}}":  "cannot be read: not a directory",
		"${file:testdata/a\x00b}": "cannot be read: invalid argument",
	} {
		x := expand(text, "")
		if len(x.problems) != 1 || !strings.Contains(x.problems[0], want) {
			t.Errorf("%q gave %q, want %q", text, x.problems, want)
		}
	}
}
