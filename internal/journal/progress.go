package journal

import "context"

// Marks counts the marks of one reason and kind of entity.
type Marks struct {
	Reason, Entity string
	Keys           int64 // to be read
	Failing        int64 // could not be read, and are tried again
	Whole          bool  // all of the kind is still to be marked key by key
}

// MarksByReason counts the marks. It looks at each: not to be asked all the time.
func (j *Journal) MarksByReason(ctx context.Context) ([]Marks, error) {
	rows, err := j.read.QueryContext(ctx, `SELECT reason, entity, sum(key > 0 AND error = ''), sum(error <> ''), max(key = 0 AND error = '')
		FROM dirty GROUP BY reason, entity ORDER BY reason, entity`)
	if err != nil {
		return nil, doing("count the journal's marks", err)
	}
	var out []Marks
	err = each(rows, func() error {
		var m Marks
		err := rows.Scan(&m.Reason, &m.Entity, &m.Keys, &m.Failing, &m.Whole)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, doing("count the journal's marks", err)
	}
	return out, nil
}
