// Package leaktest looks for goroutines that tests have left behind. It is goleak with
// more patience: that gives those that are about to end half a second, which on a busy
// machine is too little.
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines are given to end.
const patience = time.Minute

// Main runs the tests of a package and then looks for what they have left behind. It
// does not return. Options say what is none of theirs.
func Main(m *testing.M, options ...goleak.Option) {
	code := m.Run()
	if code == 0 {
		if err := Find(options...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// Find waits until no goroutine is left but the caller's, those of the testing package
// and those that the options name. The error lists the ones that do not end.
func Find(options ...goleak.Option) error {
	for deadline := time.Now().Add(patience); ; {
		err := goleak.Find(options...)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
