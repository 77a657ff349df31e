package odootest

import (
	"net"
	"testing"
)

// TestReserve: a server may listen at a port that is reserved, may end and begin again, and
// meanwhile nobody is given it by chance.
func TestReserve(t *testing.T) {
	port, held, err := reserve()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	address := "127.0.0.1:" + port
	for range 2 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			t.Fatal("somebody listens there")
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		l.Close()
	}
	for range 100 {
		another, more, err := reserve()
		if err != nil {
			t.Fatal(err)
		}
		defer more.Close()
		if another == port {
			t.Fatal("it is given twice")
		}
	}
}
