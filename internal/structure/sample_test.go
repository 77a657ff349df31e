package structure

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"octail/internal/config"
	"octail/sinks/all"
)

// TestSampleSinks: the sinks that config.yaml shows in comments work as they stand
// there, and show every setting of their type.
func TestSampleSinks(t *testing.T) {
	block := regexp.MustCompile(`(?m)^  # - name: .*\n(?:  #   .*\n)+`)
	credential := regexp.MustCompile(`\$\{credential:([\w-]+)\}`)
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	blocks := block.FindAllString(read(t, "config.yaml"), -1)
	if len(blocks) == 0 {
		t.Fatal("config.yaml shows no sink but the first one")
	}
	for _, b := range blocks {
		for _, m := range credential.FindAllStringSubmatch(b, -1) {
			if err := os.WriteFile(filepath.Join(dir, m[1]), []byte("whsec_"+strings.Repeat("c2VjcmV0", 5)), 0o400); err != nil {
				t.Fatal(err)
			}
		}
		text := "shop: {name: main-shop, mysql: {address: \"127.0.0.1:3306\", user: octail, database: opencart}}\njournal: {path: /var/lib/octail/octail.db}\nsinks:\n" +
			regexp.MustCompile(`(?m)^  # `).ReplaceAllString(b, "  ")
		c, warnings, err := config.Parse("config.yaml", []byte(text), all.Types())
		if err != nil || len(warnings) > 0 {
			t.Errorf("%v %v\n%s", err, warnings, b)
			continue
		}
		plugin, _ := all.ByType(c.Sinks[0].Type)
		for _, key := range keys(reflect.TypeOf(plugin.Settings()).Elem()) {
			if !strings.Contains(b, " "+key+": ") {
				t.Errorf("config.yaml does not show the setting %q of type %s", key, plugin.Type)
			}
		}
	}
}
