package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"octail/internal/check"
)

type listener struct {
	net.Listener
	trusted bool
}

func (a *Agent) listen() ([]listener, error) {
	var out []listener
	if a.cfg.HTTP.Listen != "" {
		l, err := net.Listen("tcp", a.cfg.HTTP.Listen)
		if err != nil {
			return nil, fmt.Errorf("http.listen: %w. Choose another address in http.listen, or stop what uses it", err)
		}
		out = append(out, listener{l, false})
	}
	path := a.cfg.HTTP.Socket
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return nil, fmt.Errorf("http.socket: %s is no socket, and is left alone. Choose another path", path)
	}
	// We hold the journal's lock, but journals in one folder share this name.
	if check.Answered(path) {
		return nil, fmt.Errorf("http.socket: another octail listens at %s. Give this one its own http.socket, or put its journal into a folder of its own", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	return append(out, listener{l, true}), nil
}
