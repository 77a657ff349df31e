package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"syscall"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/journal"
	"octail/internal/steer"
)

// steered lets the running agent do something; without one it is done to the journal.
func steered[R any](ctx context.Context, cfg *config.Config, path string, body io.Reader, do func(*steer.Desk) (R, error)) (answer R, err error) {
	res, asked, err := call(ctx, cfg, http.MethodPost, path, body)
	if err != nil {
		return answer, err
	}
	if asked {
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			return answer, &exitError{code: exitFailure, error: fmt.Errorf("read the running agent's answer: %w", err)}
		}
		return answer, nil
	}
	if err := becomeOwner(cfg.Journal.Path); err != nil {
		return answer, err
	}
	j, err := journal.Open(ctx, cfg.Journal.Path)
	if err != nil {
		return answer, journalError(err)
	}
	defer j.Close()
	if err := ofShop(ctx, cfg, j); err != nil {
		return answer, err
	}
	answer, err = do(app.OfflineDesk(cfg, j))
	return answer, steerError(err)
}

// looked asks the journal something, beside the agent or without one.
func looked[R any](ctx context.Context, cfg *config.Config, do func(*steer.Desk) (R, error)) (answer R, err error) {
	j, err := journal.Look(ctx, cfg.Journal.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return answer, neverRun(cfg.Journal.Path)
	}
	if err != nil {
		return answer, journalError(err)
	}
	defer j.Close()
	if err := ofShop(ctx, cfg, j); err != nil {
		return answer, err
	}
	answer, err = do(app.OfflineDesk(cfg, j))
	return answer, steerError(err)
}

func neverRun(path string) error {
	return &exitError{code: exitFailure, error: fmt.Errorf("the agent has never run: there is no journal %s. Start it with `octail run`", path)}
}

// ofShop refuses the journal of another shop: what is done to it was meant for this one.
func ofShop(ctx context.Context, cfg *config.Config, j *journal.Journal) error {
	shop, err := j.Meta(ctx, "shop")
	if err != nil {
		return journalError(err)
	}
	if shop != "" && shop != cfg.Shop.Name {
		return usage(fmt.Errorf("the journal %s is that of the shop %q, and this configuration is of %q: name the right one with --config, or give this shop its own journal.path. A shop.name that was changed has to be put back; `octail check` says how to go on with a new one", cfg.Journal.Path, shop, cfg.Shop.Name))
	}
	return nil
}

func steerError(err error) error {
	switch {
	case err == nil:
		return nil
	case steer.IsMistake(err):
		return usage(err)
	}
	return journalError(err)
}

// becomeOwner makes root the user whose journal it is: files that root left beside it
// would keep the agent from starting. There is no way back, and nothing else to do.
func becomeOwner(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return neverRun(path)
	}
	if err != nil {
		return journalError(err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	err = errors.Join(syscall.Setgroups([]int{int(owner.Gid)}), syscall.Setgid(int(owner.Gid)))
	if err == nil {
		err = syscall.Setuid(int(owner.Uid))
	}
	if err != nil {
		return &exitError{code: exitFailure, error: fmt.Errorf("become the user whose journal it is: %w. Run this as that user", err)}
	}
	return nil
}

func jsonBody(v any) io.Reader {
	b, _ := json.Marshal(v) // of our own structs
	return bytes.NewReader(b)
}
