package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the file.
type Problem struct {
	File    string
	Line    int // counted from 1
	Message string
}

// String is the problem as editors and people read it: file:line: message.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Warning is something that works but should not stay as it is.
type Warning Problem

// String is the warning in the form of Problem.String.
func (w Warning) String() string { return Problem(w).String() }

// Errors is everything that is wrong with a file.
type Errors struct {
	problems []Problem
}

// Error lists the problems, one per line.
func (e *Errors) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problems returns the single mistakes, sorted by line. There is at least one.
func (e *Errors) Problems() []Problem { return slices.Clone(e.problems) }

// sorted orders by line and drops repeats, which come from a value that the file uses twice by an alias.
func sorted(problems []Problem) []Problem {
	problems = slices.Clone(problems)
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	seen := map[Problem]bool{}
	return slices.DeleteFunc(problems, func(p Problem) bool {
		repeat := seen[p]
		seen[p] = true
		return repeat
	})
}
