package check

import (
	"context"
	"fmt"
	"time"
)

// How far the clocks may be apart.
const (
	skewNoticed = 5 * time.Second
	skewBad     = time.Minute
)

// clock compares this machine's clock with the database server's.
func (c *checker) clock(ctx context.Context) error {
	before := c.now()
	var text string
	if err := c.db.QueryRowContext(ctx, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").Scan(&text); err != nil {
		return asked("ask the server for the time", err)
	}
	after := c.now()
	theirs, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		return fmt.Errorf("read the server's time: %w", err)
	}
	skew := theirs.Sub(before.Add(after.Sub(before) / 2))
	apart, direction := skew.Abs().Round(time.Second), "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	const remedy = "timedatectl set-ntp true   # on both machines; then: timedatectl status"
	switch least := skew.Abs() - after.Sub(before)/2; { // a slow answer is no wrong clock
	case least > skewBad:
		c.warn("clock", remedy, "the clock of the database server is %s %s this machine's: octail's figures for lag and age will be wrong by that much", apart, direction)
	case least > skewNoticed:
		c.warn("clock", remedy, "the clock of the database server is %s %s this machine's", apart, direction)
	default:
		c.ok("clock", "the clocks of this machine and of the database server agree")
	}
	return nil
}
