package oracle

// history makes the steps of an order, without those that only an edit leaves behind.
func (r *reference) history(all []Row) ([]any, error) {
	steps := []any{}
	var before int64 // status of the step kept last
	rows := sorted(all, by("order_history_id"))
	for i, row := range rows {
		status, last := row.integer("order_status_id"), i == len(rows)-1
		switch {
		case status == 0:
			continue
		case status == r.void && !last:
			continue
		case status == before && row.raw("comment") == "":
			continue
		}
		at, err := instant(row.raw("date_added"), r.zone)
		if err != nil {
			return nil, err
		}
		before = status
		steps = append(steps, map[string]any{
			"status":   named(status, r.statuses),
			"comment":  row.text("comment"),
			"notified": row.flag("notify"),
			"at":       at,
		})
	}
	return steps, nil
}
