package leaktest

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestFind: what ends late is no leak; what is there when one looks is found.
func TestFind(t *testing.T) {
	go time.Sleep(time.Second)
	if err := Find(); err != nil {
		t.Error(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	if err := goleak.Find(); err == nil {
		t.Error("a goroutine that does not end was not found")
	}
}
