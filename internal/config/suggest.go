package config

import (
	"fmt"
	"strconv"
	"strings"
)

// maxWord bounds what is compared; nobody mistypes a key of a few letters into something longer.
const maxWord = 40

// instead continues a message about a word that is not known: , did you mean order? known: order, customer.
func instead(word string, known []string) string {
	return meant(word, known) + "; known: " + strings.Join(known, ", ")
}

// meant is a guess what was meant, "" when nothing is close.
func meant(word string, known []string) string {
	if guess := closest(word, known); guess != "" {
		return fmt.Sprintf(", did you mean %s?", guess)
	}
	return ""
}

// shown quotes a word for a message if it is a plain one. A forgotten space makes a key out of password:hunter2.
func shown(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.'
	}
	if word == "" || len(word) > maxWord || strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return "of this name"
	}
	return strconv.Quote(word)
}

// closest returns the known word that is a few typing mistakes away, or "".
func closest(word string, known []string) string {
	if word == "" || len(word) > maxWord {
		return ""
	}
	plain := strings.ReplaceAll(strings.ToLower(word), "-", "_")
	best, found := 1+max(1, len(word)/3), ""
	for _, k := range known {
		if n := distance(plain, k); n < best && n < len(k) {
			best, found = n, k
		}
	}
	return found
}

// distance counts the letters to insert, drop, replace or swap with their neighbour to make b out of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
