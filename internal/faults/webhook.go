package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"octail/internal/faults/ledger"
)

// webhook is a target for webhooks that knows a repeated event by its id and writes
// every request down. What it does with one can be chosen.
type webhook struct {
	name    string
	records string // what it has written down, for the ledger
	addr    string
	server  *http.Server

	mu       sync.Mutex
	kept     map[string]bool
	file     *os.File
	behave   func(q *request)
	requests int
	open     int // requests that are not answered
}

// request is one that a receiver has to answer.
type request struct {
	id, entity string
	body       []byte
	again      bool // the receiver has this id
	w          http.ResponseWriter
	r          *http.Request

	refused bool // the receiver does not keep it
	done    bool // it is answered
}

// answer gives one; without it the request is answered with 204.
func (q *request) answer(status int, body string) {
	q.done = true
	q.w.WriteHeader(status)
	_, _ = io.WriteString(q.w, body)
}

// refuse answers without keeping.
func (q *request) refuse(status int, body string) {
	q.refused = true
	q.answer(status, body)
}

// newReceiver starts one that takes everything.
func (s *scene) newReceiver(name string) *webhook {
	r := &webhook{name: name, records: filepath.Join(s.dir, name+".requests"), kept: map[string]bool{}}
	var err error
	r.file, err = os.Create(r.records)
	s.must(err)
	s.must(r.up())
	s.after = append(s.after, func() {
		r.down()
		_ = r.file.Close()
	})
	return r
}

// sink is its line in the agent's configuration.
func (r *webhook) sink(settings ...string) string {
	line := fmt.Sprintf("{name: %s, type: webhook, url: %q, secret: %s", r.name, "http://"+r.addr+"/events", secret)
	for _, s := range settings {
		line += ", " + s
	}
	return line + "}"
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// up listens: at its first address again after down.
func (r *webhook) up() error {
	at := r.addr
	if at == "" {
		at = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	r.addr = l.Addr().String()
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(l) }()
	return nil
}

// down closes the port and cuts all connections.
func (r *webhook) down() { _ = r.server.Close() }

// does chooses what is done with requests from now on; nil: they are taken.
func (r *webhook) does(behave func(q *request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behave = behave
}

// count is how many requests there were.
func (r *webhook) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests
}

// inside is how many requests are not answered.
func (r *webhook) inside() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open
}

// has reports whether it keeps an event.
func (r *webhook) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept[id]
}

func (r *webhook) take(w http.ResponseWriter, hr *http.Request) {
	body, err := io.ReadAll(hr.Body)
	if err != nil || hr.Method != http.MethodPost {
		return
	}
	q := &request{id: hr.Header.Get("Webhook-Id"), body: body, w: w, r: hr}
	var e struct{ ID, Subject string }
	if json.Unmarshal(body, &e) != nil || e.ID != q.id {
		http.Error(w, "not an event, or its id is not that of the header", http.StatusBadRequest)
		return
	}
	q.entity = e.Subject
	r.mu.Lock()
	r.requests++
	q.again = r.kept[q.id]
	behave := r.behave
	r.open++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.open--
		r.mu.Unlock()
	}()
	if behave != nil {
		// What is kept is written down before anything is answered.
		q.w = &beforehand{ResponseWriter: w, first: func() { r.write(q) }}
		behave(q)
	}
	r.write(q)
	if !q.done {
		w.WriteHeader(http.StatusNoContent)
	}
}

// keep writes a request down as one whose event is kept, before its answer.
func (r *webhook) keep(q *request) { r.write(q) }

// write writes a request down, once.
func (r *webhook) write(q *request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.body == nil {
		return
	}
	line, err := json.Marshal(ledger.Request{ID: q.id, Stored: !q.refused && !r.kept[q.id], Event: q.body})
	if err == nil {
		_, _ = r.file.Write(append(line, '\n'))
	}
	if !q.refused {
		r.kept[q.id] = true
	}
	q.body = nil
}

// beforehand calls first before anything is written.
type beforehand struct {
	http.ResponseWriter
	first func()
}

func (b *beforehand) WriteHeader(status int) { b.first(); b.ResponseWriter.WriteHeader(status) }
func (b *beforehand) Write(p []byte) (int, error) {
	b.first()
	return b.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (b *beforehand) Unwrap() http.ResponseWriter { return b.ResponseWriter }
