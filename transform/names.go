package transform

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/canal"
	"octail/internal/shop"
)

// Names are what the ids in a sink's filter are called, in the shop's default language,
// and the statuses that release stands for by default.
type Names struct {
	Statuses map[int64]string
	Groups   map[int64]string // of customers
	Stores   map[int64]string
	Released []int64 // see Released; nil: the shop does not say
}

// ReadNames reads them from the shop. It is safe to repeat.
func ReadNames(ctx context.Context, from *shop.Shop, schema *shop.Schema) (Names, error) {
	var out Names
	err := from.Read(ctx, canal.Position{}, schema, func(r *shop.Reader) error {
		ref := newReference(&texts{}, time.UTC)
		for _, load := range []func(*reference, *shop.Reader) error{(*reference).loadSettings, (*reference).loadLanguages, (*reference).loadStatuses, (*reference).loadGroups} {
			if err := load(ref, r); err != nil {
				return err
			}
		}
		out = Names{Statuses: ref.statuses, Groups: ref.groups, Stores: map[int64]string{0: ref.text.plain(ref.settings["config_name"])}}
		out.Released, _ = Released(ref.settings)
		if !r.Schema().Has("store") { // or it may not be read
			return nil
		}
		rows, err := r.Select(shop.Query{Table: "store", Columns: []string{"store_id", "name"}, Order: []string{"store_id"}})
		if err != nil {
			return err
		}
		for _, row := range rows.All() {
			out.Stores[row.Int("store_id")] = ref.text.plain(row.Raw("name"))
		}
		return nil
	})
	return out, err
}

// Released are the shop's processing and complete statuses, sorted, by the settings of
// store 0: those with which OpenCart itself takes stock and counts a sale. Up to 1.5 there
// are no such lists; then they are the status of new orders and the complete one. ok is
// false when the settings have neither.
func Released(settings map[string]string) (ids []int64, ok bool) {
	ids = []int64{}
	for _, keys := range [][]string{{"config_processing_status", "config_complete_status"}, {"config_order_status_id", "config_complete_status_id"}} {
		for _, key := range keys {
			stored, there := settings[key]
			if !there {
				continue
			}
			ok = true
			ids = append(ids, idsOf(stored)...)
		}
		if ok { // what an upgraded shop still has of the older keys means nothing any more
			break
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), ok
}

// idsOf reads a stored id, or a list of them: JSON since OpenCart 2.1, PHP's own format
// before, the ids as numbers or as texts. Of anything else it makes none.
func idsOf(stored string) []int64 {
	stored = strings.TrimSpace(stored)
	if isPHP(stored) {
		raw, ok := phpJSON(stored, func(s string) string { return s })
		if !ok {
			return nil
		}
		stored = string(raw)
	}
	var value any
	d := json.NewDecoder(strings.NewReader(stored))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil
	}
	var ids []int64
	add := func(v any) {
		text, ok := v.(string)
		if n, isNumber := v.(json.Number); isNumber {
			text, ok = n.String(), true
		}
		if id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); ok && err == nil && id > 0 {
			ids = append(ids, id)
		}
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			add(item)
		}
	case map[string]any:
		for _, item := range v {
			add(item)
		}
	default:
		add(v)
	}
	return ids
}
