// Package structure holds no code, only tests that guard the repository's shape:
// who may import whom, which libraries are there and why, how metrics are named
// and documented, and that its texts speak of the product alone. Each failure
// says which rule was broken and why the rule is there.
package structure
