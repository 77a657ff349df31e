package main

import (
	"io"
	"net/http"
	"strings"
	"time"

	"octail/internal/shoptest"
)

// freePort is a port for the agent's own page.
func (s *scene) freePort() int {
	port, err := shoptest.FreePort(s.ctx)
	s.must(err)
	return port
}

// listening is the address of the agent's page, as configured.
func (s *scene) listening() string {
	_, rest, _ := strings.Cut(s.conf.http, `"`)
	address, _, _ := strings.Cut(rest, `"`)
	return address
}

// web asks the agent's page.
func (s *scene) web(url, token string) (code int, header http.Header, body string) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, url, nil)
	s.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(r)
	s.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	s.must(err)
	return res.StatusCode, res.Header, string(text)
}
