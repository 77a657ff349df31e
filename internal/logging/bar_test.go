package logging_test

import (
	"bytes"
	"testing"

	"octail/internal/logging"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := logging.NewBar(&out)
	log := logging.New(b, "info", "text")
	log.Info("before")
	out.Reset()
	b.Set("50 %")
	b.Set("50 %") // nothing new
	if got := out.String(); got != "\r\x1b[K50 %" {
		t.Errorf("%q", got)
	}
	out.Reset()
	if _, err := b.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "\r\x1b[Ka line\n50 %" {
		t.Errorf("%q", got)
	}
	out.Reset()
	b.Set("")
	if _, err := b.Write([]byte("the end\n")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "\r\x1b[Kthe end\n" {
		t.Errorf("%q", got)
	}
	if logging.IsTerminal(b) {
		t.Error("a buffer is no terminal")
	}
}
