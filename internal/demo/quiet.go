package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/shoptest"
)

// quiet waits until the agent has read and delivered everything: it stands at the end of
// the log, to which nobody writes any more, and nothing waits.
func (d *demo) quiet(ctx context.Context, server *shoptest.Server, cfg *config.Config, ended chan error) error {
	var file, offset, of, but string
	if err := server.DB().QueryRowContext(ctx, "SHOW MASTER STATUS").Scan(&file, &offset, &of, &but); err != nil {
		return fmt.Errorf("ask where the server's log ends: %w", err)
	}
	end := file + ":" + offset + " "
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", cfg.HTTP.Socket)
	}}}
	defer client.CloseIdleConnections()
	for {
		select {
		case err := <-ended:
			ended <- err
			if err == nil {
				err = errors.New("the agent ended")
			}
			return err
		case <-ctx.Done():
			return errors.New("not everything was delivered in time")
		case <-time.After(200 * time.Millisecond):
		}
		st, err := status(ctx, client)
		if err == nil && st.Source.State == "connected" && strings.HasPrefix(st.Source.Position+" ", end) &&
			st.Documents.Pending == 0 && st.Journal.Dirty == 0 && len(st.Sinks) == 1 && st.Sinks[0].Pending == 0 {
			return nil
		}
	}
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
