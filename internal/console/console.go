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
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"octail/internal/erase"
	"octail/internal/journal"
	"octail/internal/reconcile"
	"octail/internal/reread"
	"octail/internal/steer"
	"octail/transform/document"
)

// Agent is what the console shows.
type Agent interface {
	Status(ctx context.Context) (Status, error)
	Ready() error // nil: journal open, binlog connected
	Journal() *journal.Journal
	Sinks(ctx context.Context) []SinkFilter
	// Reconcile compares shop, journal and targets, Sync reads entities again. ErrBusy:
	// it is under way already.
	Reconcile(ctx context.Context, req reconcile.Request, progress func(reconcile.Report)) (*reconcile.Report, error)
	Sync(ctx context.Context, req reread.Request, progress func(reread.Report)) (*reread.Report, error)
	// Desk is where deliveries are steered.
	Desk() *steer.Desk
	// Erase forgets a person. It is safe to repeat.
	Erase(ctx context.Context, req erase.Request, progress func(erase.Report)) (*erase.Report, error)
	Reloader
}

// ErrBusy: the same is under way already.
var ErrBusy = errors.New("the journal is being compared with the shop already")

// Handler serves the console. trusted is true for the unix socket, whose file
// permissions say who may ask; over TCP personal data needs the token.
func Handler(a Agent, registry *prometheus.Registry, token string, trusted bool) http.Handler {
	mayRead := func(r *http.Request) bool { return trusted || authorized(r, token) } // personal data
	status := func(r *http.Request) (Status, error) {
		s, err := a.Status(r.Context())
		if !mayRead(r) {
			s = s.masked()
		}
		return s, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Ready(); err != nil {
			plain(w, http.StatusServiceUnavailable, "not ready: "+mask(err.Error())+"\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	})
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, r *http.Request) {
		s, err := status(r)
		respond(w, s, err)
	})
	mux.HandleFunc("GET /api/v1/trace", func(w http.ResponseWriter, r *http.Request) {
		if !mayRead(r) {
			plain(w, http.StatusForbidden, "documents hold personal data: set http.token and send it as a bearer token, or use `octail trace`\n")
			return
		}
		kind, text := r.URL.Query().Get("entity"), r.URL.Query().Get("key")
		if text == "" || kind != "" && !slices.Contains(document.Entities, kind) {
			plain(w, http.StatusBadRequest, "give key= (an id, an order number, an e-mail address or a SKU) and, if you like, entity= ("+strings.Join(document.Entities, ", ")+")\n")
			return
		}
		traces, err := traces(r.Context(), a, kind, text)
		respond(w, traces, err)
	})
	mux.HandleFunc("POST /api/v1/reconcile", changing(mayRead, func(w http.ResponseWriter, r *http.Request) {
		s := newStream[reconcile.Report](w)
		report, err := a.Reconcile(r.Context(), reconcile.Request{Repair: r.URL.Query().Get("repair") == "true", Sinks: r.URL.Query()["sink"]}, s.progress)
		s.end(report, err)
	}))
	mux.HandleFunc("POST /api/v1/sync", changing(mayRead, func(w http.ResponseWriter, r *http.Request) {
		var req reread.Request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&req); err != nil || !slices.Contains(document.Entities, req.Entity) {
			plain(w, http.StatusBadRequest, "send {\"entity\": ...} as JSON, with one of "+strings.Join(document.Entities, ", ")+"\n")
			return
		}
		s := newStream[reread.Report](w)
		report, err := a.Sync(r.Context(), req, s.progress)
		s.end(report, err)
	}))
	steering(mux, a, mayRead)
	reloading(mux, a, mayRead)
	mux.HandleFunc("POST /api/v1/erase", changing(mayRead, erasing(a)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s, err := status(r)
		if err != nil {
			plain(w, http.StatusInternalServerError, err.Error()+"\n")
			return
		}
		var b strings.Builder
		s.Text(&b)
		plain(w, http.StatusOK, b.String()+"\n/metrics  /healthz  /readyz  /api/v1/status\n")
	})
	return guard(mux, token, trusted)
}

// tracesBytes bounds one answer about traces.
const tracesBytes = 32 << 20

func traces(ctx context.Context, a Agent, kind, text string) ([]Trace, error) {
	keys, err := Keys(ctx, a.Journal(), kind, text)
	if err != nil {
		return nil, err
	}
	out, filters, size := []Trace{}, a.Sinks(ctx), 0
	for _, k := range keys {
		t, err := TraceOf(ctx, a.Journal(), k, filters)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		for _, r := range t.Revisions {
			size += len(r.Data)
		}
		if size > tracesBytes {
			break
		}
	}
	return out, nil
}

// guard refuses what a browser may be tricked into: another Host (DNS
// rebinding), writing requests of other sites; and sets the headers every answer
// has. Who has the token is no tricked browser, and may use any name of ours.
func guard(next http.Handler, token string, trusted bool) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		if !trusted && !hostAllowed(r) && !authorized(r, token) {
			plain(w, http.StatusForbidden, "unknown Host: use the address octail listens on (an IP address or localhost), or send http.token as a bearer token\n")
			return
		}
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
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
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
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
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
