package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hunter2 is the password in every file of testdata/bad and the value of a variable they use. It is in no message.
const hunter2 = "hunter2"

var want = regexp.MustCompile(`(?m)^# want: (\d+): (.*)$`)

// TestBadFiles reads one file per mistake. The comments at the top of each say which problems, and no others, are found:
// # want: <line>: <part of message>
func TestBadFiles(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", hunter2)
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 35 {
		t.Fatalf("found %d files (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, _, err := Load(file, testTypes)
			if c != nil {
				t.Error("a bad file gave a config")
			}
			got := problems(t, err)
			wants := want.FindAllStringSubmatch(string(data), -1)
			for i := range max(len(got), len(wants)) {
				switch {
				case i >= len(wants):
					t.Errorf("unexpected: %s", got[i])
				case i >= len(got):
					t.Errorf("not found: %s", wants[i][0])
				case fmt.Sprint(got[i].Line) != wants[i][1] || !strings.Contains(got[i].Message, wants[i][2]) || got[i].File != file:
					t.Errorf("got  %s\nwant %s:%s: ...%s...", got[i], file, wants[i][1], wants[i][2])
				}
			}
			if strings.Contains(err.Error(), hunter2) {
				t.Errorf("a secret is in the message: %s", err)
			}
		})
	}
}

// problems unpacks an error of Parse, Load or Decode.
func problems(t *testing.T, err error) []Problem {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *Errors
	if !errors.As(err, &e) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return e.Problems()
}
