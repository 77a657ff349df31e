package demo

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"octail/internal/config"
	"octail/internal/console"
)

// quiet waits until the agent has read and delivered everything: it says so
// three times in a row, a little longer apart than it needs to hear of a change.
func (d *demo) quiet(ctx context.Context, cfg *config.Config, ended chan error) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", cfg.HTTP.Socket)
	}}}
	defer client.CloseIdleConnections()
	for calm := 0; calm < 3; {
		select {
		case err := <-ended:
			ended <- err
			if err == nil {
				err = errors.New("the agent ended")
			}
			return err
		case <-ctx.Done():
			return errors.New("not everything was delivered in time")
		case <-time.After(400 * time.Millisecond):
		}
		st, err := status(ctx, client)
		if err == nil && st.Source.State == "connected" && st.Documents.Pending == 0 && st.Journal.Dirty == 0 && len(st.Sinks) == 1 && st.Sinks[0].Pending == 0 {
			calm++
		} else {
			calm = 0
		}
	}
	return nil
}

func status(ctx context.Context, client *http.Client) (st console.Status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://octail/api/v1/status", nil)
	if err != nil {
		return st, err
	}
	res, err := client.Do(req)
	if err != nil {
		return st, err
	}
	defer res.Body.Close()
	return st, json.NewDecoder(res.Body).Decode(&st)
}
