package oracle

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// tables is a source that holds its rows itself. A column exists when the first row has it.
type tables map[string][]Row

func (t tables) has(table string, columns ...string) bool {
	rows, ok := t[table]
	for _, column := range columns {
		ok = ok && len(rows) > 0 && rows[0].has(column)
	}
	return ok
}

func (t tables) rows(_ context.Context, table string, where ...match) ([]Row, error) {
	var found []Row
	for _, row := range t[table] {
		if !slices.ContainsFunc(where, func(m match) bool { return !m.holds(row) }) {
			found = append(found, maps.Clone(row))
		}
	}
	return found, nil
}

// holds compares as text, as the server compares a number with a string.
func (m match) holds(row Row) bool {
	return slices.ContainsFunc(m.values, func(v any) bool { return fmt.Sprint(v) == row.raw(m.column) })
}
