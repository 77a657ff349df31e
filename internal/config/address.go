package config

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
)

// hostName is generous: resolving decides in the end. It keeps out URLs, user@host and forgotten spaces.
var hostName = regexp.MustCompile(`^[^\s/@:\[\]]{1,253}$`)

// hostPort takes host:port apart. The host may be empty; an IPv6 address stands in brackets.
func hostPort(address string) (host string, port uint16, ok bool) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, false
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, false
	}
	if host != "" && !hostName.MatchString(host) {
		if _, err := netip.ParseAddr(host); err != nil {
			return "", 0, false
		}
	}
	return host, uint16(n), true
}

// loopback tells whether a listener on host is out of reach for other machines.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
