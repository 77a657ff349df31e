package transform

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"octail/internal/shoptest"
)

func TestReleased(t *testing.T) {
	const processing, complete, initial, single = "config_processing_status", "config_complete_status", "config_order_status_id", "config_complete_status_id"
	for name, c := range map[string]struct {
		settings map[string]string
		want     []int64
		ok       bool
	}{
		"JSON":           {map[string]string{processing: `["5","1","2","12","3"]`, complete: `["5","3"]`}, []int64{1, 2, 3, 5, 12}, true},
		"numbers":        {map[string]string{processing: `[2, 1]`, complete: `[5]`}, []int64{1, 2, 5}, true},
		"an object":      {map[string]string{processing: `{"0":"2","4":"1"}`}, []int64{1, 2}, true},
		"PHP":            {map[string]string{processing: `a:2:{i:0;s:1:"2";i:1;i:3;}`, complete: `a:1:{i:0;s:1:"5";}`}, []int64{2, 3, 5}, true},
		"broken":         {map[string]string{processing: `a:2:{i:0;s:1:"2"`, complete: `["5"]`}, []int64{5}, true},
		"not ids":        {map[string]string{processing: `["x", "-1", "0", 1.5, null, true, [7], "8"]`, complete: "no"}, []int64{8}, true},
		"empty":          {map[string]string{processing: `[]`, complete: ``}, []int64{}, true},
		"1.5":            {map[string]string{initial: "1", single: " 5 "}, []int64{1, 5}, true},
		"1.5, upgraded":  {map[string]string{initial: "1", single: "7", processing: `["2"]`, complete: `["5"]`}, []int64{2, 5}, true},
		"new order only": {map[string]string{initial: "1"}, []int64{1}, true},
		"no settings":    {map[string]string{"config_currency": "EUR"}, []int64{}, false},
	} {
		if ids, ok := Released(c.settings); ok != c.ok || !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v %v", name, ids, ok)
		}
	}
}

// TestNames: what filters have to know of shops of both kinds, and the released statuses
// again when staff saves the settings.
func TestNames(t *testing.T) {
	t.Parallel()
	for gen, want := range map[shoptest.Generation][]int64{shoptest.V1: {1, 5}, shoptest.V4: {1, 2, 3, 5, 12}} {
		var told [][]int64
		o := options(nil)
		o.gen = gen
		o.setup = func(f *fixture) {
			f.exec("UPDATE oc_setting SET value = 'Example &amp; Shop' WHERE `key` = 'config_name' AND store_id = 0;")
		}
		o.released = func(_ context.Context, ids []int64) { told = append(told, ids) }
		f := newFixture(t, o)
		names, err := ReadNames(t.Context(), f.tr.cfg.Shop, f.tr.schema)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(names.Released, want) || names.Statuses[5] != "Complete" || names.Groups[1] == "" ||
			!maps.Equal(names.Stores, map[int64]string{0: "Example & Shop", 1: "Example Outlet"}) {
			t.Errorf("%+v", names)
		}
		if gen != shoptest.V4 {
			continue
		}
		f.touch("customer", 1)
		f.turn(time.Second)
		f.steps()
		f.exec("UPDATE oc_setting SET value = '[\"17\"]' WHERE `key` = 'config_processing_status' AND store_id = 0;")
		for range 2 { // told once
			f.touch("ref:setting", 0)
			f.turn(time.Second)
			f.steps()
		}
		if len(told) != 2 || !slices.Equal(told[0], want) || !slices.Equal(told[1], []int64{3, 5, 17}) {
			t.Errorf("told %v", told)
		}
	}
}
