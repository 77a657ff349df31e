package odoo

import "octail/transform/document"

// mostNewest bounds how many entities are remembered.
const mostNewest = 50_000

// stale tells whether this process has written a newer revision of the entity: a state
// does not go back, whoever delivers it late.
func (s *sink) stale(i *item) bool {
	return !i.Again && i.Revision < s.newest[i.Key]
}

// wrote remembers what is in Odoo now.
func (s *sink) wrote(i *item) {
	if s.newest == nil || len(s.newest) >= mostNewest {
		s.newest = map[document.Key]int64{}
	}
	s.newest[i.Key] = max(s.newest[i.Key], i.Revision)
}
