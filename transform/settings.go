package transform

import (
	"context"
	"slices"

	"octail/internal/journal"
	"octail/transform/document"
)

// settings compares the shop's default language and currency with those that the
// journal's documents were made with. A change is announced and applied: names that are
// content are read again in the new language; amounts are the shop's, and orders keep
// the currency they were sold in.
func (w *work) settings(ctx context.Context) error {
	t := w.t
	w.released(ctx)
	for _, s := range []struct{ name, value string }{
		{"language", t.ref.languages[t.ref.language]},
		{"currency", t.ref.settings["config_currency"]},
	} {
		if s.value == "" || t.applied[s.name] == s.value {
			continue
		}
		was, err := t.cfg.Journal.Meta(ctx, s.name)
		if err != nil {
			return failure{readJournal, err}
		}
		if was != "" && was != s.value && s.name == "language" {
			w.commit.Marks = append(w.commit.Marks, journal.Mark{Key: document.Key{Entity: byLanguage}, Reason: "language", Origin: document.FromReconcile})
		}
		w.after = append(w.after, func() {
			if was != s.value {
				if err := t.cfg.Journal.SetMeta(ctx, s.name, s.value); err != nil {
					t.failed(failure{writeJournal, err})
					return // the next reading tries again
				}
			}
			t.applied[s.name] = s.value
			switch {
			case was == "" || was == s.value:
			case s.name == "language":
				t.log.Warn("the shop's default language is another one: products, categories and customers are compared; names of statuses and the like change with an entity's next revision", "was", was, "is", s.value)
			default:
				t.log.Warn("the shop's currency is another one: prices in documents are in it from here on, orders keep the one they were sold in", "was", was, "is", s.value)
			}
		})
	}
	return nil
}

// released tells which statuses the shop takes for processing or complete, when they are
// others than it told last: before what is read with them is journaled.
func (w *work) released(ctx context.Context) {
	t := w.t
	ids, ok := Released(t.ref.settings)
	if !ok || t.cfg.Released == nil || t.released != nil && slices.Equal(ids, t.released) {
		return
	}
	t.released = ids
	t.cfg.Released(ctx, ids)
}
