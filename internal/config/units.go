package config

import (
	"math/big"
	"regexp"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Bytes is a size, written with a unit: 500MB, 4GiB.
type Bytes int64

var (
	bareNumber   = regexp.MustCompile(`^\d+(\.\d+)?$`)
	durationPart = regexp.MustCompile(`^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)`)
	sizeText     = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([a-z]+)$`)
)

var durationUnits = map[string]int64{
	"ns": 1, "us": int64(time.Microsecond), "µs": int64(time.Microsecond), "ms": int64(time.Millisecond),
	"s": int64(time.Second), "m": int64(time.Minute), "h": int64(time.Hour), "d": int64(day), "w": int64(week),
}

var sizeUnits = map[string]int64{
	"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// parseDuration reads 500ms, 1h30m, 30d, 2w. It returns what is wrong, without the text, or "".
func parseDuration(text string) (time.Duration, string) {
	switch {
	case bareNumber.MatchString(text):
		return 0, "needs a unit, e.g. 30s (ms, s, m, h, d or w)"
	case strings.HasPrefix(text, "-"):
		return 0, "must not be negative"
	case text == "":
		return 0, "is empty; write a number and a unit, e.g. 30s"
	}
	var sum int64
	for rest := text; rest != ""; {
		part := durationPart.FindStringSubmatch(rest)
		if part == nil {
			return 0, "is not a duration; write numbers each with a unit (ms, s, m, h, d or w), e.g. 30s or 1h30m"
		}
		n, ok := scaled(part[1], durationUnits[part[2]])
		if sum += n; !ok || sum < 0 {
			return 0, "is longer than 292 years"
		}
		rest = rest[len(part[0]):]
	}
	return time.Duration(sum), ""
}

// parseBytes reads 500MB, 4GiB. It returns what is wrong, without the text, or "".
func parseBytes(text string) (int64, string) {
	switch {
	case bareNumber.MatchString(text):
		return 0, "needs a unit, e.g. 500MB or 4GiB"
	case strings.HasPrefix(text, "-"):
		return 0, "must not be negative"
	}
	part := sizeText.FindStringSubmatch(strings.ToLower(text))
	if part == nil || sizeUnits[part[2]] == 0 {
		return 0, "is not a size; write a number and a unit (B, kB, MB, GB, TB, KiB, MiB, GiB or TiB), e.g. 4GiB"
	}
	n, ok := scaled(part[1], sizeUnits[part[2]])
	if !ok {
		return 0, "is larger than any file can be"
	}
	return n, ""
}

// scaled multiplies exactly and rounds down; it tells whether the result fits.
func scaled(number string, unit int64) (int64, bool) {
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt64(unit))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	return n.Int64(), n.IsInt64()
}
