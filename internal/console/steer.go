package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"octail/internal/steer"
)

// Bounds of what a request may send.
const (
	requestBytes = 1 << 20
	linksBytes   = 64 << 20
)

// SinkRequest names a sink, to be paused or resumed.
type SinkRequest struct {
	Sink string `json:"sink"`
}

// ResetRequest forgets the links of a sink.
type ResetRequest struct {
	Sink    string `json:"sink"`
	Persons bool   `json:"persons"`
}

// LinkRequest ties an entity to a record of a sink's target; Target is "" to untie it.
type LinkRequest struct {
	Sink    string `json:"sink"`
	Subject string `json:"subject"` // product/42
	Target  string `json:"target,omitempty"`
}

// steering adds what an operator does to deliveries.
func steering(mux *http.ServeMux, a Agent, may func(*http.Request) bool) {
	post(mux, "pause", may, func(ctx context.Context, q SinkRequest) (any, error) { return a.Desk().Pause(ctx, q.Sink) })
	post(mux, "resume", may, func(ctx context.Context, q SinkRequest) (any, error) { return a.Desk().Resume(ctx, q.Sink) })
	post(mux, "dead/retry", may, func(ctx context.Context, q steer.Letters) (any, error) { return a.Desk().Retry(ctx, q) })
	post(mux, "dead/discard", may, func(ctx context.Context, q steer.Letters) (any, error) { return a.Desk().Discard(ctx, q) })
	post(mux, "link", may, func(ctx context.Context, q LinkRequest) (any, error) {
		return a.Desk().Link(ctx, q.Sink, q.Subject, q.Target)
	})
	post(mux, "unlink", may, func(ctx context.Context, q LinkRequest) (any, error) { return a.Desk().Unlink(ctx, q.Sink, q.Subject) })
	post(mux, "links/reset", may, func(ctx context.Context, q ResetRequest) (any, error) { return a.Desk().Reset(ctx, q.Sink, q.Persons) })
	mux.HandleFunc("POST /api/v1/links", changing(may, func(w http.ResponseWriter, r *http.Request) {
		unhurried(w)
		in, err := a.Desk().Import(r.Context(), http.MaxBytesReader(w, r.Body, linksBytes), r.URL.Query().Get("sink"))
		answer(w, in, err)
	}))
	mux.HandleFunc("GET /api/v1/links", reading(may, func(w http.ResponseWriter, r *http.Request) {
		unhurried(w)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		if _, err := a.Desk().Export(r.Context(), w, r.URL.Query().Get("sink")); err != nil {
			answer(w, nil, err)
		}
	}))
	mux.HandleFunc("GET /api/v1/dead", reading(may, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		choice := steer.Letters{Sink: q.Get("sink"), Entity: q.Get("entity"), Reason: q.Get("reason")}
		for _, text := range q["id"] {
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				plain(w, http.StatusBadRequest, "id= is a number; it may be given more than once\n")
				return
			}
			choice.IDs = append(choice.IDs, id)
		}
		list, err := a.Desk().List(r.Context(), choice)
		answer(w, list, err)
	}))
}

// unhurried is for what may be large; it ends with its connection.
func unhurried(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetWriteDeadline(time.Time{})
}

// post adds a verb that takes JSON and answers with some.
func post[Q any](mux *http.ServeMux, verb string, may func(*http.Request) bool, do func(context.Context, Q) (any, error)) {
	mux.HandleFunc("POST /api/v1/"+verb, changing(may, func(w http.ResponseWriter, r *http.Request) {
		var q Q
		in := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestBytes))
		in.DisallowUnknownFields()
		if err := in.Decode(&q); err != nil {
			shape, _ := json.Marshal(q)
			plain(w, http.StatusBadRequest, "send JSON like "+string(shape)+": "+err.Error()+"\n")
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it may wait for a call of a sink
		v, err := do(r.Context(), q)
		answer(w, v, err)
	}))
}

// answer tells mistakes of who asks from those of the agent.
func answer(w http.ResponseWriter, v any, err error) {
	if steer.IsMistake(err) {
		plain(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	respond(w, v, err)
}

// reading admits who may see personal data.
func reading(may func(*http.Request) bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !may(r) {
			plain(w, http.StatusForbidden, "this may hold personal data: set http.token and send it as a bearer token, or use the commands of octail on this machine\n")
			return
		}
		next(w, r)
	}
}
