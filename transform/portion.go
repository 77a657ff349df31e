package transform

// How many bytes of rows one reading of several keys may hold; one key is read
// whatever its size. Live keys have more, for 500 orders take 3 MiB; a snapshot of
// long descriptions is where memory peaks.
const (
	liveBytes = 4 << 20
	bulkBytes = 2 << 20
)

// portion is how many keys are read together: at most most, and fewer for a while
// after their rows were more than bytes.
type portion struct{ most, bytes, size int }

func newPortion(most, bytes int) portion { return portion{most, bytes, most} }

// written bounds the events of one commit: deleted documents are as large as ever and
// take nothing to read.
func (p *portion) written() int { return 2 * p.bytes }

// tooMuch answers how many of n keys to read instead.
func (p *portion) tooMuch(n int) int {
	p.size = max(n/2, 1)
	return p.size
}

// fitted notes what n keys took. Twice as many are tried only where they will fit
// when they are like these, so that a shop of wide rows is not read in vain.
func (p *portion) fitted(n, bytes int) {
	if n >= p.size && bytes <= p.bytes/4 {
		p.size = min(2*p.size, p.most)
	}
}
