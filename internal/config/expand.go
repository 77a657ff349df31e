package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
)

// credentialsFolder is where credentials are that systemd does not hand over. A variable for tests.
var credentialsFolder = "/etc/octail/credentials"

// maxSecretBytes bounds a ${file:} or ${credential:}; a private key is the largest thing anybody keeps in one.
const maxSecretBytes = 64 << 10

var (
	envName        = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	credentialName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]*$`)
)

// expansion is the outcome of replacing every ${...} in one value.
type expansion struct {
	folder   string
	text     string
	found    bool     // there was a ${...}; the text must not be repeated in a message
	problems []string // without values
	exposed  []string // files that everybody on this machine may read
}

// expand replaces ${NAME}, ${file:/path} and ${credential:name}; $${ stands for the characters ${. A relative path begins
// at folder.
func expand(s, folder string) expansion {
	x := expansion{folder: folder}
	var out strings.Builder
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$${"):
			out.WriteString("${")
			s = s[len("$${"):]
		case strings.HasPrefix(s, "${"):
			x.found = true
			reference, rest, closed := strings.Cut(s[len("${"):], "}")
			if !closed {
				x.problem("has ${ without }; write ${NAME}, or $${ for the characters ${ themselves")
			} else {
				out.WriteString(x.lookUp(reference))
			}
			s = rest
		default:
			out.WriteByte(s[0])
			s = s[1:]
		}
	}
	x.text = out.String()
	return x
}

func (x *expansion) problem(format string, args ...any) {
	x.problems = append(x.problems, fmt.Sprintf(format, args...))
}

// lookUp returns what stands behind a reference.
func (x *expansion) lookUp(reference string) string {
	if path, ok := strings.CutPrefix(reference, "file:"); ok && path != "" {
		path = inFolder(x.folder, path)
		return x.readFile(path, "file "+path, "create it, or correct the path")
	}
	if name, ok := strings.CutPrefix(reference, "credential:"); ok && credentialName.MatchString(name) {
		if folder := os.Getenv("CREDENTIALS_DIRECTORY"); folder != "" {
			path := filepath.Join(folder, name)
			if _, err := os.Lstat(path); err == nil {
				return x.readFile(path, "credential "+name, "look at LoadCredential="+name+" of the systemd unit")
			}
		}
		// None of the service: a file that the service user may read.
		path := filepath.Join(credentialsFolder, name)
		return x.readFile(path, "credential "+name+" ("+path+")", "write the secret into this file (as root: install -m "+forService()+" /dev/stdin "+path+"), or write ${file:/path} or ${ENV}")
	}
	if envName.MatchString(reference) {
		value, ok := os.LookupEnv(reference)
		if !ok {
			x.problem("environment variable %s is not set; set it for octail, or write ${file:/path} or ${credential:name}", reference)
		}
		return value
	}
	// Not repeated: it may be part of a password that happens to contain ${.
	x.problem("${...} must be ${NAME} for an environment variable, ${file:/path} or ${credential:name}; write $${ for the characters ${ themselves")
	return ""
}

// service is the user and the group that the systemd service runs as, where it is installed.
const service = "octail"

func hasService() bool {
	_, err := user.LookupGroup(service)
	return err == nil
}

// forService are the options of install(1) for a secret.
func forService() string {
	if hasService() {
		return "0640 -g " + service
	}
	return "0600"
}

func serviceHint() string {
	if hasService() {
		return ": chown root:" + service + " and chmod 0640, or ask as root or as that user (sudo -u " + service + ")"
	}
	return ""
}

// readFile returns the content without one trailing newline.
func (x *expansion) readFile(path, what, remedy string) string {
	text, mode, err := readSecret(path)
	var pathErr *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.problem("%s does not exist; %s", what, remedy)
	case errors.Is(err, fs.ErrPermission):
		x.problem("%s cannot be read by this user; allow it to the one octail runs as%s", what, serviceHint())
	case errors.As(err, &pathErr):
		x.problem("%s cannot be read: %v; %s", what, pathErr.Err, remedy)
	case err != nil:
		x.problem("%s %v; %s", what, err, remedy)
	case text == "":
		x.problem("%s is empty; write the value into it", what)
	}
	if err == nil && openToAll(mode) {
		x.exposed = append(x.exposed, what)
	}
	return text
}

// readSecret reads a whole, small, regular file: a pipe would block, and be empty at the next reload.
func readSecret(path string) (string, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err != nil {
		return "", 0, err
	}
	if len(data) > maxSecretBytes {
		return "", 0, errors.New("is larger than 64 KiB")
	}
	text, cut := strings.CutSuffix(string(data), "\n")
	if cut {
		text = strings.TrimSuffix(text, "\r")
	}
	return text, info.Mode(), nil
}

// openToAll tells whether users other than the owner and the group can read or change a file.
func openToAll(mode fs.FileMode) bool { return mode.Perm()&0o007 != 0 }
