package webhook

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"octail/internal/config"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// TestVector: the signature of a body that was computed elsewhere.
func TestVector(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shoptesting.Fixtures(t), "webhook.json"))
	check(t, err)
	var v struct {
		Secret, Body string
		Headers      map[string]string
	}
	check(t, json.Unmarshal(data, &v))
	keys, err := keysOf(config.Secrets{config.Secret(v.Secret)})
	check(t, err)
	at, err := strconv.ParseInt(v.Headers["webhook-timestamp"], 10, 64)
	check(t, err)
	if got := signature(keys, v.Headers["webhook-id"], time.Unix(at, 0), []byte(v.Body)); got != v.Headers["webhook-signature"] {
		t.Errorf("signature %s, want %s", got, v.Headers["webhook-signature"])
	}
	if v.Headers["content-type"] != contentType {
		t.Errorf("content type %s, want %s", contentType, v.Headers["content-type"])
	}
}

// TestVerified: receivers with either of two secrets take what is signed with both,
// those with a third do not, nor a byte more or less.
func TestVerified(t *testing.T) {
	const third = "whsec_dGhpcmQgc2VjcmV0IG9mIHRoaXJ0eSB0d28gYnl0ZXMh"
	keys, err := keysOf(config.Secrets{newSecret, oldSecret})
	check(t, err)
	for _, body := range [][]byte{sent(1), sent(2), {}, []byte("Müller\x00\xff")} {
		header := http.Header{}
		id, now := "order/1042@3~k3f9", time.Now()
		header.Set("webhook-id", id)
		header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
		header.Set("webhook-signature", signature(keys, id, now, body))
		for secret, good := range map[string]bool{oldSecret: true, newSecret: true, third: false} {
			theirs, err := standardwebhooks.NewWebhook(secret)
			check(t, err)
			if err := theirs.Verify(body, header); (err == nil) != good {
				t.Errorf("%s: %v", secret, err)
			}
			if err := theirs.Verify(append(body, ' '), header); err == nil {
				t.Error("another body is taken")
			}
		}
	}
}

// TestKey: what a secret may be; errors do not repeat it.
func TestKey(t *testing.T) {
	of := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for secret, want := range map[string]string{
		of(24): "", of(32): "", of(64): "", oldSecret: "",
		of(23): "24 to 64 bytes", of(65): "24 to 64 bytes", of(0): "24 to 64 bytes",
		strings.TrimPrefix(oldSecret, "whsec_"): "begin with whsec_",
		"":                                      "begin with whsec_", "whsec": "begin with whsec_",
		oldSecret + "!": "is not base64", strings.TrimRight(of(32), "="): "is not base64", oldSecret + " ": "is not base64",
	} {
		_, err := key(secret)
		switch {
		case want == "":
			if err != nil {
				t.Errorf("%s: %v", secret, err)
			}
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, want %s", secret, err, want)
		default:
			quiet(t, err.Error())
		}
	}
}

// TestIDHasNoDot: id, time and body are joined by dots before they are signed.
func TestIDHasNoDot(t *testing.T) {
	for _, entity := range document.Entities {
		e := document.Event{Key: document.Key{Entity: entity, ID: 1<<63 - 1}, Revision: 1<<63 - 1, Birth: "k3f9"}
		if id := e.EventID(); strings.Contains(id, ".") {
			t.Errorf("%s has a dot", id)
		}
	}
}
