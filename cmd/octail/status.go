package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
)

func (p *program) status() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Says whether everything is delivered", Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Long: `Says in one sentence whether everything is delivered, then position, lag and
each sink. Asks the running agent; without one it reads the journal.
Exit code: 0 all well or on its way, 1 somebody has to act (dead letters too), 3 the agent does not
reach the shop's database since more than a minute.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadToLook()
			if err != nil {
				return err
			}
			st, err := p.askStatus(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			if asJSON {
				printJSON(p.stdout, st)
			} else {
				st.Text(p.stdout)
			}
			switch {
			case st.Unreachable:
				return &exitError{code: exitUnreachable, quiet: true, error: errors.New(st.Sentence)}
			case st.Level == console.Red, st.Refused():
				return &exitError{code: exitFailure, quiet: true, error: errors.New(st.Sentence)}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

func (p *program) askStatus(ctx context.Context, cfg *config.Config) (console.Status, error) {
	var st console.Status
	asked, err := ask(ctx, cfg, "/api/v1/status", &st)
	if asked {
		return st, err
	}
	j, err := journal.Look(ctx, cfg.Journal.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return st, &exitError{code: exitFailure, error: fmt.Errorf("the agent has never run: there is no journal %s. Start it with `octail run`", cfg.Journal.Path)}
	}
	if err != nil {
		return st, journalError(err)
	}
	defer j.Close()
	if err := ofShop(ctx, cfg, j); err != nil {
		return st, err
	}
	return app.OfflineStatus(ctx, cfg, j, version)
}

// ask calls the running agent over its unix socket. asked is false when none
// answers there.
func ask(ctx context.Context, cfg *config.Config, path string, into any) (asked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	res, asked, err := call(ctx, cfg, http.MethodGet, path, nil)
	if res == nil {
		return asked, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return true, &exitError{code: exitFailure, error: fmt.Errorf("read the running agent's answer: %w", err)}
	}
	return true, nil
}

// call sends a request to the running agent over its unix socket. Without an error
// asked is false when none answers there; res is nil then, and with an error.
func call(ctx context.Context, cfg *config.Config, method, path string, body io.Reader) (res *http.Response, asked bool, err error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", cfg.HTTP.Socket)
		},
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://octail"+path, body)
	if err != nil {
		return nil, false, err
	}
	if path != reloadPath {
		req.Header.Set(console.ShopHeader, cfg.Shop.Name)
	} else if file, err := filepath.Abs(cfg.Path); err == nil { // which may have another name for the shop, too
		req.Header.Set(console.ConfigHeader, file)
	}
	res, err = client.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			if errors.Is(err, fs.ErrPermission) {
				return nil, true, &exitError{code: exitFailure, error: fmt.Errorf("no right to ask the running agent (%s): run this as root or as the service's user", cfg.HTTP.Socket)}
			}
			return nil, false, nil
		}
		if ctx.Err() == context.Canceled {
			return nil, true, errInterrupted
		}
		return nil, true, &exitError{code: exitUnreachable, error: fmt.Errorf("ask the running agent: %w", err)}
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if res.StatusCode == http.StatusBadRequest { // it says itself what is wrong with the question
			return nil, true, usage(errors.New(string(bytes.TrimSpace(text))))
		}
		return nil, true, &exitError{code: exitFailure, error: fmt.Errorf("the running agent answers %s: %s", res.Status, bytes.TrimSpace(text))}
	}
	return res, true, nil
}

func query(path string, values map[string]string) string {
	q := url.Values{}
	for k, v := range values {
		q.Set(k, v)
	}
	return path + "?" + q.Encode()
}

func printJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}
