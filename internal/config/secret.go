package config

import (
	"fmt"
	"io"
	"log/slog"
)

// mask is what is printed in place of a secret, an empty one too.
const mask = "***"

// Secret is a password or token that does not print itself: formatting, logging and encoding all give ***. What
// cannot be closed: package fmt prints unexported fields, and %p of anything, and encoding/json the keys of a map, all
// without asking the type.
type Secret string

// Reveal returns the value itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns ***.
func (s Secret) String() string { return mask }

// GoString returns ***.
func (s Secret) GoString() string { return mask }

// Format writes *** for every verb, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue is *** in every log handler.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalJSON returns "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalText returns ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalYAML returns ***.
func (s Secret) MarshalYAML() (any, error) { return mask, nil }

// Secrets are one secret or a list of them: while a key is being changed, two are good.
type Secrets []Secret

// UnmarshalConfig reads a single value or a list.
func (s *Secrets) UnmarshalConfig(v *Value) {
	if v.IsList() {
		var list []Secret
		if v.Decode(&list) {
			*s = list
		}
		return
	}
	var one Secret
	if v.Decode(&one) {
		*s = Secrets{one}
	}
}
