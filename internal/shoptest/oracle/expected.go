package oracle

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Expectation is the state of one entity in an expected file.
type Expectation struct {
	Entity  string
	Key     int64
	Deleted bool
	Rows    Rows // nil when deleted; of stock only {"stock": [{product_id, quantity}]}
}

// LoadExpected reads a file from the expected folder of a recording: after_Fnn.json or final_*.json. What is no
// entity of octail (returns, statuses, currencies) is passed over.
func LoadExpected(path string) ([]Expectation, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("expected rows: %w", err)
	}
	v, err := parseJSON(text)
	if err != nil {
		return nil, fmt.Errorf("expected rows %s: %w", path, err)
	}
	var found []Expectation
	add := func(entity string, state any) error {
		e, err := expectation(entity, state)
		if err != nil {
			return fmt.Errorf("expected rows %s: %s: %w", path, entity, err)
		}
		found = append(found, e)
		return nil
	}
	switch v := v.(type) {
	case map[string]any: // after_Fnn.json: entity -> state, or its plural or stock -> list of states
		for name, state := range v {
			entity := strings.TrimSuffix(name, "s")
			if aggregates[entity] == nil {
				continue
			}
			states, ok := state.([]any)
			if !ok {
				states = []any{state}
			}
			for _, state := range states {
				if err := add(entity, state); err != nil {
					return nil, err
				}
			}
		}
	case []any: // final_*.json: list of states
		for _, state := range v {
			tables, _ := state.(map[string]any)
			for entity := range aggregates {
				if _, ok := tables[entity].(map[string]any); !ok {
					continue
				}
				if err := add(entity, state); err != nil {
					return nil, err
				}
			}
		}
	default:
		return nil, fmt.Errorf("expected rows %s: neither object nor list", path)
	}
	slices.SortFunc(found, func(a, b Expectation) int {
		if c := strings.Compare(a.Entity, b.Entity); c != 0 {
			return c
		}
		return int(a.Key - b.Key)
	})
	return found, nil
}

// expectation reads one state: tables (the root as an object, the others as lists), {"order_id": 7, "deleted": true},
// or of stock one flat row.
func expectation(entity string, state any) (Expectation, error) {
	tables, ok := state.(map[string]any)
	if !ok {
		return Expectation{}, errors.New("not an object")
	}
	if deleted, ok := tables["deleted"]; ok {
		root, err := newRow(map[string]any{"key": tables[aggregates[entity][0].column]})
		if err != nil {
			return Expectation{}, err
		}
		if deleted != true || root.integer("key") == 0 {
			return Expectation{}, fmt.Errorf("cannot read %v", state)
		}
		return Expectation{Entity: entity, Key: root.integer("key"), Deleted: true}, nil
	}
	if entity == "stock" {
		tables = map[string]any{"stock": state}
	}
	rows, err := readTables(tables)
	if err != nil {
		return Expectation{}, err
	}
	key, err := rows.key(entity)
	if err != nil {
		return Expectation{}, err
	}
	return Expectation{Entity: entity, Key: key, Rows: rows}, nil
}

// readTables reads tables from decoded JSON; a table with one row may be an object instead of a list.
func readTables(tables map[string]any) (Rows, error) {
	rows := Rows{}
	for table, v := range tables {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		rows[table] = []Row{}
		for _, one := range list {
			columns, ok := one.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("table %s: not a row: %v", table, one)
			}
			row, err := newRow(columns)
			if err != nil {
				return nil, fmt.Errorf("table %s: %w", table, err)
			}
			rows[table] = append(rows[table], row)
		}
	}
	return rows, nil
}
