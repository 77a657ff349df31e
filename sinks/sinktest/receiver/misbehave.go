package receiver

import (
	"bytes"
	"net/http"
	"time"
)

// page is what stands before a login.
const page = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form method=post><input name=user><input name=password type=password></form></body></html>"

// misbehave answers as the fault wants it. answer is the good one.
func (x *exchange) misbehave(answer func()) {
	f := x.fault
	switch f.Do {
	case Status:
		if f.RetryAfter != "" {
			x.w.Header().Set("Retry-After", f.RetryAfter)
		}
		x.say(f.Status, "application/json", `{"error":{"status":0,"text":"refused"}}`)
	case Hang:
		x.leave()
		select {
		case <-x.q.Context().Done():
		case <-x.r.closed:
		}
		panic(http.ErrAbortHandler)
	case Dribble:
		x.leave()
		x.w = &dribbler{x.w, x}
		answer()
	case Endless:
		x.leave()
		x.w.Header().Set("Content-Type", "application/json")
		for more := bytes.Repeat([]byte(" "), 32<<10); ; {
			if _, err := x.w.Write(more); err != nil || x.q.Context().Err() != nil {
				return
			}
			select {
			case <-x.r.closed:
				return
			default:
			}
		}
	case ErrorBody:
		x.say(http.StatusOK, "application/json", `{"error":"the record could not be stored"}`)
	case RPCError:
		x.say(http.StatusOK, "application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"Server Error","data":{"name":"exceptions.AccessDenied"}}}`)
	case Login:
		x.say(http.StatusOK, "text/html; charset=utf-8", page)
	case Empty:
		x.say(http.StatusOK, "application/json", "")
	case Redirect:
		x.w.Header().Set("Location", f.Location)
		status := f.Status
		if status == 0 {
			status = http.StatusTemporaryRedirect
		}
		x.w.WriteHeader(status)
	case CutReply:
		if c, ok := x.q.Context().Value(connKey{}).(*conn); ok {
			c.cutAfter(f.Bytes)
		}
		x.w.Header().Set("Connection", "close")
		answer()
	default: // Lie, Half, Refuse: the answer itself is what it has to be
		answer()
	}
}

// say answers with the fault's own body, or with what is usual.
func (x *exchange) say(status int, kind, body string) {
	f := x.fault
	if f.Type != "" {
		kind = f.Type
	}
	if f.Body != "" {
		body = f.Body
	}
	x.w.Header().Set("Content-Type", kind)
	x.w.WriteHeader(status)
	x.w.Write([]byte(body))
	if f.Echo {
		x.w.Write(x.body)
	}
}

// dribbler writes one byte at a time.
type dribbler struct {
	http.ResponseWriter
	x *exchange
}

func (d *dribbler) Write(b []byte) (int, error) {
	every := time.Duration(d.x.fault.Delay)
	if every == 0 {
		every = time.Second
	}
	for i := range b {
		if _, err := d.ResponseWriter.Write(b[i : i+1]); err != nil {
			return i, err
		}
		if err := http.NewResponseController(d.ResponseWriter).Flush(); err != nil {
			return i, err
		}
		if !d.x.wait(every) {
			panic(http.ErrAbortHandler)
		}
	}
	return len(b), nil
}
