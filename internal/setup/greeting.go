package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"octail/canal"
)

// errNoGreeting: something listens there that is no database server, or it wants
// nothing of us.
var errNoGreeting = errors.New("it does not greet as a database server does")

// greeting asks a server for its version, which it tells everybody who connects.
func greeting(ctx context.Context, address string) (canal.Server, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return canal.Server{}, fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	head := make([]byte, 5) // length, number, version of the protocol
	if _, err := io.ReadFull(conn, head); err != nil || head[3] != 0 || head[4] != 10 {
		return canal.Server{}, errNoGreeting
	}
	text := make([]byte, max(1, min(int(head[0])|int(head[1])<<8|int(head[2])<<16, 256))-1)
	if _, err := io.ReadFull(conn, text); err != nil {
		return canal.Server{}, errNoGreeting
	}
	version, _, ok := bytes.Cut(text, []byte{0})
	if !ok || len(version) == 0 || version[0] < '0' || version[0] > '9' || bytes.ContainsFunc(version, func(r rune) bool { return r < ' ' || r > '~' }) {
		return canal.Server{}, errNoGreeting
	}
	s := canal.Server{Flavor: canal.MySQL, Version: string(version)}
	if strings.Contains(s.Version, "MariaDB") {
		s.Flavor = canal.MariaDB
		s.Version = strings.TrimPrefix(s.Version, "5.5.5-") // for clients of old that know no ten
	}
	return s, nil
}
