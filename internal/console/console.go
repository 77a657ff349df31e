// Package console is how people and monitoring look into a running agent: the
// status page, the API and the metrics, on a loopback address and on a unix
// socket for octail's own commands.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"octail/internal/journal"
)

// Agent is what the console shows.
type Agent interface {
	Status(ctx context.Context) (Status, error)
	Ready() error // nil: journal open, binlog connected
	Journal() *journal.Journal
	Sinks(ctx context.Context) []SinkFilter
}

// Handler serves the console. trusted is true for the unix socket, whose file
// permissions say who may ask; over TCP personal data needs the token.
func Handler(a Agent, registry *prometheus.Registry, token string, trusted bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Ready(); err != nil {
			plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	})
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, r *http.Request) {
		s, err := a.Status(r.Context())
		respond(w, s, err)
	})
	mux.HandleFunc("GET /api/v1/trace", func(w http.ResponseWriter, r *http.Request) {
		if !trusted && !authorized(r, token) {
			plain(w, http.StatusForbidden, "documents hold personal data: set http.token and send it as a bearer token, or use `octail trace`\n")
			return
		}
		keys, err := Keys(r.Context(), a.Journal(), r.URL.Query().Get("entity"), r.URL.Query().Get("key"))
		if err != nil {
			respond(w, nil, err)
			return
		}
		traces := []Trace{}
		for _, k := range keys {
			t, err := TraceOf(r.Context(), a.Journal(), k, a.Sinks(r.Context()))
			if err != nil {
				respond(w, nil, err)
				return
			}
			traces = append(traces, t)
		}
		respond(w, traces, nil)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s, err := a.Status(r.Context())
		if err != nil {
			plain(w, http.StatusInternalServerError, err.Error()+"\n")
			return
		}
		var b strings.Builder
		s.Text(&b)
		plain(w, http.StatusOK, b.String()+"\n/metrics  /healthz  /readyz  /api/v1/status\n")
	})
	return guard(mux, trusted)
}

// guard refuses what a browser may be tricked into: another Host (DNS
// rebinding), cross-site requests; and sets the headers every answer has.
func guard(next http.Handler, trusted bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !trusted && !hostAllowed(r) {
			plain(w, http.StatusForbidden, "unknown Host: use the address octail listens on\n")
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// hostAllowed accepts IP addresses and localhost: a name that an attacker
// controls is neither.
func hostAllowed(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return host == "localhost" || net.ParseIP(host) != nil
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}

func respond(w http.ResponseWriter, v any, err error) {
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error()+"\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}

// Serve answers on l until ctx ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err := srv.Shutdown(bounded)
	if err != nil {
		err = srv.Close()
	}
	if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
		return serveErr
	}
	return err
}
