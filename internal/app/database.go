package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net"
	"os"

	"octail/internal/config"
	"octail/internal/shop"
)

// TLS makes the TLS settings for the shop's database; nil: no TLS.
func TLS(c config.MySQL) (*tls.Config, error) {
	switch c.TLS.Mode {
	case config.TLSOff:
		return nil, nil
	case config.TLSPreferred:
		// On this machine nobody listens in between; elsewhere encrypt where the
		// server can, without asking who it is.
		if shop.IsLocal(c.Address) {
			return nil, nil
		}
		return &tls.Config{InsecureSkipVerify: true}, nil
	case config.TLSRequired:
		return &tls.Config{InsecureSkipVerify: true}, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: hostOf(c.Address)}
	if c.TLS.CA != "" {
		pem, err := os.ReadFile(c.TLS.CA)
		if err != nil {
			return nil, fmt.Errorf("shop.mysql.tls.ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("shop.mysql.tls.ca: %s holds no certificate", c.TLS.CA)
		}
	}
	if c.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("shop.mysql.tls.cert: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// OpenDB prepares the pool for the shop's database as configured.
func OpenDB(c config.MySQL) (*sql.DB, *tls.Config, error) {
	t, err := TLS(c)
	if err != nil {
		return nil, nil, err
	}
	db, err := shop.Open(shop.Options{Address: c.Address, User: c.User, Password: c.Password.Reveal(), Database: c.Database,
		TLS: t, Plaintext: c.TLS.Mode == config.TLSPreferred})
	return db, t, err
}

// AgreedTLS is the TLS that binlog connections use: t, or none where it is only
// preferred and the server has none.
func AgreedTLS(ctx context.Context, db *sql.DB, c config.MySQL, t *tls.Config) *tls.Config {
	if t == nil || c.TLS.Mode != config.TLSPreferred {
		return t
	}
	if encrypted, err := shop.Encrypted(ctx, db); err == nil && !encrypted {
		return nil
	}
	return t
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
