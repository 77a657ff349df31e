package console

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// Headers of a request over the socket that say whom it is meant for; without them it is
// for whoever listens there.
const (
	ShopHeader   = "Octail-Shop"   // shop.name of the asker's configuration
	ConfigHeader = "Octail-Config" // the file that is to be read anew, as an absolute path
)

// Meant refuses requests that were meant for the octail of another shop, or of another
// configuration file: a command that is given a wrong --config must not do to one shop
// what was meant for the other.
func Meant(shop, config string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if other := r.Header.Get(ShopHeader); other != "" && other != shop {
			plain(w, http.StatusBadRequest, fmt.Sprintf("the octail that runs here is that of the shop %q, and this configuration is of %q: name the right one with --config, or give each shop its own journal.path. A shop.name that was changed has to be put back\n", shop, other))
			return
		}
		if other := r.Header.Get(ConfigHeader); other != "" && !sameFile(config, other) {
			plain(w, http.StatusBadRequest, fmt.Sprintf("the octail that runs here has its configuration in %s, and %s is another file: change that one, and `octail --config %s reload`\n", config, other, config))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameFile reports whether two names are of one file.
func sameFile(ours, theirs string) bool {
	if abs, err := filepath.Abs(ours); err == nil {
		ours = abs
	}
	if ours == filepath.Clean(theirs) {
		return true
	}
	a, errA := os.Stat(ours)
	b, errB := os.Stat(theirs)
	return errA == nil && errB == nil && os.SameFile(a, b)
}
