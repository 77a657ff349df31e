// Command serve is a receiver in a process of its own, for tests that kill octail and
// count afterwards. It ends with its standard input, when -stdin is given.
//
//	go run ./sinks/sinktest/receiver/serve -listen 127.0.0.1:9001 -control 127.0.0.1:9002 -dir FOLDER
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"octail/sinks/sinktest/receiver"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address of the receiver")
	control := flag.String("control", "127.0.0.1:0", "address to steer it by")
	dir := flag.String("dir", "", "folder of its files")
	stdin := flag.Bool("stdin", false, "end with the standard input")
	flag.Parse()
	if err := run(*listen, *control, *dir, *stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, control, dir string, stdin bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := receiver.Start(receiver.Options{Address: listen, Dir: dir})
	if err != nil {
		return err
	}
	defer s.Close()
	l, err := net.Listen("tcp", control)
	if err != nil {
		return err
	}
	steer := &http.Server{Handler: s.Control(), ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		steer.Close()
	}()
	if stdin {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	fmt.Printf("%s http://%s\n", s.URL, l.Addr()) // whoever started it reads the addresses
	if err := steer.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
