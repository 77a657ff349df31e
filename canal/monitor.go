package canal

import (
	"context"
	"math"
	"strconv"
	"time"
)

// Lag is how far the stream is behind its server.
type Lag struct {
	Seconds  float64 `json:"seconds"`          // age of the oldest commit not read yet, or more; 0: all is read
	Bytes    uint64  `json:"bytes"`            // of binlog in between
	Headroom float64 `json:"headroom_seconds"` // until the file we stand in may be purged; negative: never
}

// Measure asks the server for its position and compares. It also sets the
// metrics. read is the commit time of the last transaction the caller knows to be
// read; where the stream has read on since, without a transaction to hand over,
// its own clock counts.
func (c *Canal) Measure(ctx context.Context, read time.Time) (Lag, error) {
	at := c.Status().Position
	if at.IsZero() {
		return Lag{}, nil // nobody has said yet where to start
	}
	if n := c.upTo.Load(); n > 0 && time.Unix(0, n).After(read) {
		read = time.Unix(0, n)
	}
	files, err := LogFiles(ctx, c.cfg.DB)
	if err != nil {
		return Lag{}, err
	}
	var lag Lag
	newest := ""
	for _, f := range files {
		newest = f.Name
		if at.File == "" { // not found yet on a server it was not read on
			continue
		}
		switch n := compareFiles(f.Name, at.File); {
		case n == 0 && f.Size > at.Offset:
			lag.Bytes += f.Size - at.Offset
		case n > 0:
			lag.Bytes += f.Size
		}
	}
	caughtUp := lag.Bytes == 0 && at.File != ""
	if !caughtUp { // a rotation alone leaves a few bytes that hold no commit
		if here, err := Here(ctx, c.cfg.DB, c.cfg.Server); err == nil && here.GTID != "" && here.GTID == at.GTID {
			caughtUp = true
		}
	}
	if !caughtUp && !read.IsZero() {
		lag.Seconds = max(0, time.Since(read).Seconds())
	}
	if caughtUp {
		lag.Bytes = 0
	}
	lag.Headroom = -1
	if keep := c.expiry(ctx); keep > 0 {
		lag.Headroom = keep.Seconds()
		if at.File != newest && !read.IsZero() { // the newest file is never purged
			lag.Headroom = max(0, (keep - time.Since(read)).Seconds())
		}
	}
	c.metrics.lag.Set(lag.Seconds)
	c.metrics.behind.Set(float64(lag.Bytes))
	c.metrics.headroom.Set(lag.Headroom)
	if lag.Headroom < 0 {
		c.metrics.headroom.Set(math.Inf(1))
	}
	return lag, nil
}

// expiry is how long the server keeps its binlog files; 0: for ever.
func (c *Canal) expiry(ctx context.Context) time.Duration {
	for _, v := range []struct {
		query string
		unit  time.Duration
	}{
		{"SELECT @@global.binlog_expire_logs_seconds", time.Second},
		{"SELECT @@global.expire_logs_days", 24 * time.Hour}, // MariaDB before 10.6
	} {
		var s string
		if c.cfg.DB.QueryRowContext(ctx, v.query).Scan(&s) == nil {
			n, _ := strconv.ParseFloat(s, 64)
			return time.Duration(n * float64(v.unit))
		}
	}
	return 0
}
