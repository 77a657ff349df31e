package oracle

// soldTotal is a total as it was when it was first seen.
type soldTotal struct {
	code, title string
	place       int // among equal codes
	tax         any
}

// totals makes the totals of an order; the tax rate of a total that was there before under the same title is kept.
func (s *sold) totals(r *reference, rows []Row) []any {
	totals, remembered, places := []any{}, []soldTotal{}, map[string]int{}
	for _, row := range sorted(rows, by("sort_order"), by("order_total_id")) {
		t := soldTotal{code: row.text("code"), title: row.text("title")}
		t.place = places[t.code]
		places[t.code]++
		t.tax = s.taxOf(r, t)
		remembered = append(remembered, t)
		totals = append(totals, map[string]any{
			"code": t.code, "title": t.title, "value": row.amount("value"), "tax": t.tax,
		})
	}
	s.knownTotals = remembered
	return totals
}

// taxOf is the tax behind a total: the remembered one, else the tax rate that has its title as name.
func (s *sold) taxOf(r *reference, t soldTotal) any {
	for _, known := range s.knownTotals {
		if known.code == t.code && known.place == t.place && known.title == t.title {
			return known.tax
		}
	}
	if t.code != "tax" {
		return nil
	}
	for _, rate := range r.taxRates {
		if rate.text("name") == t.title {
			return map[string]any{
				"rate": rate.amount("rate"),
				"type": map[string]string{"P": "percent", "F": "fixed"}[rate.raw("type")],
			}
		}
	}
	return nil
}
