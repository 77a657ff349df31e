package structure

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"octail/internal/shoptest/shoptesting"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// root is the repository, seen from this folder.
const root = "../.."

// module is the name that all our packages begin with.
const module = "octail/"

// pkg is what `go list -json` says about a package.
type pkg struct {
	ImportPath   string
	Dir          string
	Doc          string
	Standard     bool
	GoFiles      []string
	CgoFiles     []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// name is the path inside the repository.
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// tests are the imports of the package's tests.
func (p pkg) tests() []string { return append(p.TestImports, p.XTestImports...) }

var listAll = sync.OnceValues(func() ([]pkg, error) { return goList("./...") })

// packages lists the repository's packages.
func packages(t *testing.T) []pkg {
	t.Helper()
	list, err := listAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	return list
}

func goList(args ...string) ([]pkg, error) {
	cmd := exec.Command("go", append([]string{"list", "-json"}, args...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as `make build` builds it
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
}
