package mask_test

import (
	"strings"
	"testing"

	"octail/internal/mask"
)

func BenchmarkText(b *testing.B) {
	text := strings.Repeat(`{\"company\":\"M\\u00fcller &amp; \\\"S&ouml;hne\\\"\", "number": 1042, "x": "anna.mueller@example.com"} `, 40)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		mask.Text(text, []byte(data))
	}
}
