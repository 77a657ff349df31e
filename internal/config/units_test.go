package config

import (
	"math"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "30d": 720 * time.Hour, "2w": 336 * time.Hour, "1w1d1h1m1s1ms1us1ns": 694861001001001,
		"1.5h": 90 * time.Minute, "0.5d": 12 * time.Hour, "10µs": 10 * time.Microsecond, "9223372036854775807ns": math.MaxInt64,
	} {
		if text == "1w1d1h1m1s1ms1us1ns" {
			want = 8*day + time.Hour + time.Minute + time.Second + time.Millisecond + time.Microsecond + 1
		}
		if got, wrong := parseDuration(text); got != want || wrong != "" {
			t.Errorf("%s gave %v %s", text, got, wrong)
		}
	}
	for _, text := range []string{"", "1", "1.5", "s", "1 s", "1s ", "1y", "1S", "-1s", "+1s", "1e3s", ".5s", "1.s", "1s1", "0x1s", "9223372036854775808ns", "106752d", "53376d53376d"} {
		if got, wrong := parseDuration(text); wrong == "" {
			t.Errorf("%q gave %v", text, got)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"1B": 1, "500MB": 5e8, "500 MB": 5e8, "4GiB": 4 << 30, "4gib": 4 << 30, "1.5KiB": 1536, "10kB": 1e4, "2TiB": 2 << 40, "1TB": 1e12, "3GB": 3e9,
	} {
		if got, wrong := parseBytes(text); got != want || wrong != "" {
			t.Errorf("%s gave %d %s", text, got, wrong)
		}
	}
	for _, text := range []string{"", "1", "0", "1G", "1Mb/s", "MB", "-1MB", "1e3MB", "1  MB", "9007199254740993TiB", "1PB"} {
		if got, wrong := parseBytes(text); wrong == "" {
			t.Errorf("%q gave %d", text, got)
		}
	}
}
