package receiver

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Control is the way to steer a receiver from another process. It is served beside the
// receiver, on an address of its own.
//
//	GET    /counts              Counts
//	GET    /records             Record by subject
//	GET    /records/order/1042  one Record; 404
//	POST   /faults              [Fault, ...] are added
//	DELETE /faults              all faults are taken away
//	POST   /forget?last=2h      as a restored backup
//	POST   /add                 a record made by hand; {"target": "T7"}
//	DELETE /records?target=T7   a record removed by hand
func (r *Receiver) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { tell(w, r.Counts(), nil) })
	mux.HandleFunc("GET /records", func(w http.ResponseWriter, _ *http.Request) { tell(w, r.Records(), nil) })
	mux.HandleFunc("GET /records/{entity}/{key}", func(w http.ResponseWriter, q *http.Request) {
		rec, ok := r.Record(q.PathValue("entity") + "/" + q.PathValue("key"))
		if !ok {
			http.NotFound(w, q)
			return
		}
		tell(w, rec, nil)
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, q *http.Request) {
		var list []Fault
		d := json.NewDecoder(q.Body)
		d.DisallowUnknownFields()
		err := d.Decode(&list)
		if err == nil {
			r.Set(list...)
		}
		tell(w, len(list), err)
	})
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		r.Calm()
		tell(w, 0, nil)
	})
	mux.HandleFunc("POST /forget", func(w http.ResponseWriter, q *http.Request) {
		last, err := time.ParseDuration(q.FormValue("last"))
		if err == nil {
			err = r.Forget(last)
		}
		tell(w, last.String(), err)
	})
	mux.HandleFunc("POST /add", func(w http.ResponseWriter, _ *http.Request) {
		target, err := r.Add()
		tell(w, map[string]string{"target": target}, err)
	})
	mux.HandleFunc("DELETE /records", func(w http.ResponseWriter, q *http.Request) {
		tell(w, q.FormValue("target"), r.Remove(q.FormValue("target")))
	})
	return mux
}

// tell answers a person or a script.
func tell(w http.ResponseWriter, what any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if e.Encode(what) != nil {
		io.WriteString(w, "\n")
	}
}
