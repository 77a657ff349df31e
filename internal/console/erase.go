package console

import (
	"encoding/json"
	"net/http"

	"octail/internal/erase"
)

// erasing answers POST /api/v1/erase. The address of a guest is in the body alone: no
// log of requests holds it.
func erasing(a Agent) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req erase.Request
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		d.DisallowUnknownFields()
		if err := d.Decode(&req); err != nil {
			plain(w, http.StatusBadRequest, "send {\"customer\": 17} or {\"email\": \"...\"} as JSON\n")
			return
		}
		if err := req.Check(); err != nil {
			plain(w, http.StatusBadRequest, err.Error()+"\n")
			return
		}
		s := newStream[erase.Report](w)
		report, err := a.Erase(r.Context(), req, s.progress)
		s.end(report, err)
	}
}
