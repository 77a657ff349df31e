package shoptest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// childVariable makes the test binary a program that starts a server and waits to be
// killed.
const childVariable = "SHOPTEST_CHILD"

func TestMain(m *testing.M) {
	if flavor := os.Getenv(childVariable); flavor != "" {
		child(flavor)
	}
	shoptesting.Main(m)
}

func child(flavor string) {
	server, err := shoptest.Start(context.Background(), shoptest.Options{Flavor: flavor})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.PID(), server.DataDir())
	select {}
}
