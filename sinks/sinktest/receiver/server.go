package receiver

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server is a receiver that listens.
type Server struct {
	*Receiver
	URL  string
	http *http.Server
	done chan struct{}
}

// Options of a Server.
type Options struct {
	Address string      // "": a free port of this machine
	Dir     string      // of its files; "": it keeps none
	TLS     *tls.Config // nil: plain HTTP
}

// Start makes a receiver listen.
func Start(o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	r, err := New(o.Dir)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		r.Close()
		return nil, err
	}
	s := &Server{Receiver: r, URL: "http://" + l.Addr().String(), done: make(chan struct{})}
	l = &listener{l, &r.faults}
	if o.TLS != nil {
		s.URL = "https://" + l.Addr().String()
		l = tls.NewListener(l, o.TLS)
	}
	s.http = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn()
		}
		return context.WithValue(ctx, connKey{}, c)
	}}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l)
	}()
	return s, nil
}

// Close ends it at once, as a kill does: requests on the way get no answer.
func (s *Server) Close() error {
	s.Receiver.ending.Do(func() { close(s.Receiver.closed) })
	err := s.http.Close()
	<-s.done
	if closed := s.Receiver.Close(); err == nil {
		err = closed
	}
	return err
}
