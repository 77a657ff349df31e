package webhook

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

const childVariable = "OCTAIL_TEST_WEBHOOK_CHILD"

// TestProxy: the proxy of the environment is used, and its password is in no
// message. net/http looks at the environment once in a process, so each case is one.
func TestProxy(t *testing.T) {
	if os.Getenv(childVariable) != "" { // deliver, and tell what came of it
		fmt.Printf("said: %v.\n", newSink(t, "http://hooks.example.com/path?key=t0ken", nil).Deliver(t.Context(), one(1)))
		return
	}
	var asked atomic.Value
	var status atomic.Int64
	status.Store(http.StatusNoContent)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.RequestURI + " " + r.Header.Get("Proxy-Authorization"))
		w.WriteHeader(int(status.Load()))
	}))
	address := strings.TrimPrefix(proxy.URL, "http://")
	child := func(proxy string) string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProxy$", "-test.v")
		cmd.Env = append(os.Environ(), childVariable+"=1", "HTTP_PROXY="+proxy, "NO_PROXY=", "REQUEST_METHOD=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		quiet(t, string(out))
		_, said, _ := strings.Cut(string(out), "said: ")
		return said
	}
	if said := child("http://user:hunter2@" + address); !strings.HasPrefix(said, "<nil>.") || asked.Load() != "POST http://hooks.example.com/path?key=t0ken Basic dXNlcjpodW50ZXIy" {
		t.Errorf("the proxy was asked %q; %s", asked.Load(), said)
	}
	status.Store(http.StatusProxyAuthRequired)
	if said := child("http://user:hunter2@" + address); !strings.Contains(said, "the proxy wants a user and a password") {
		t.Error(said)
	}
	proxy.Close()
	if said := child("http://user:hunter2@" + address); !strings.Contains(said, "the proxy cannot be used: cannot connect to "+address+": connection refused") {
		t.Error(said)
	}
}
