package journal

import "testing"

// TakeAsLarge lets Open treat every file as a large one, until the test ends.
func TakeAsLarge(t testing.TB) {
	before := checkAtOnce
	checkAtOnce = 0
	t.Cleanup(func() { checkAtOnce = before })
}
