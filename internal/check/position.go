package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"octail/canal"
)

// comparesAgain is what a hole means for the operator.
const comparesAgain = "octail will compare everything with the shop again, by itself; only real differences are delivered, steps in between are not known"

// identity compares the database server with the one of the last run.
func (c *checker) identity(ctx context.Context) error {
	was, err := c.Journal.Meta(ctx, "server")
	if err != nil {
		return err
	}
	if !c.connected {
		c.leaveOut("identity", missing[server])
		return nil
	}
	is := c.report.Server.Identity
	if was == "" || was == is {
		c.ok("identity", "the database server is the one of the last run")
		return nil
	}
	stored, err := c.stored(ctx)
	if err != nil {
		return err
	}
	if c.report.Server.GTID && stored.GTID != "" {
		c.warn("identity", "", "this is another database server (%s) than in the last run (%s): octail looks for its place by GTID", is, was)
		return nil
	}
	c.warn("identity", "", "this is another database server (%s) than in the last run (%s), on which octail's place in the binary log means nothing: %s%s", is, was, comparesAgain, c.window(ctx))
	return nil
}

// stored is the journal's position. One that cannot be read is none.
func (c *checker) stored(ctx context.Context) (canal.Position, error) {
	text, err := c.Journal.Position(ctx)
	if err != nil {
		return canal.Position{}, err
	}
	return canal.DecodePosition(text)
}

// window says since when changes may be hidden in a hole.
func (c *checker) window(ctx context.Context) string {
	e, err := c.Journal.Event(ctx, c.Journal.Last())
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (the newest change octail has is of %s)", e.Time.UTC().Format(time.RFC3339))
}

// storedPosition looks whether the server's log still holds what comes behind the
// stored position.
func (c *checker) storedPosition(ctx context.Context) error {
	stored, err := c.stored(ctx)
	if err != nil {
		c.warn("position", "", "the stored position cannot be read (%s): %s", err, comparesAgain)
		return nil
	}
	if stored.IsZero() {
		c.leaveOut("position", "none is stored yet")
		return nil
	}
	if reason := c.lacks(position); reason != "" {
		c.leaveOut("position", reason)
		return nil
	}
	was, err := c.Journal.Meta(ctx, "server")
	if err != nil {
		return err
	}
	at := stored
	if was != "" && was != c.report.Server.Identity {
		if !c.report.Server.GTID || stored.GTID == "" {
			c.leaveOut("position", "it is another server's")
			return nil
		}
		at.File, at.Offset = "", 0
	}
	hole := canal.Verify(ctx, c.db, c.report.Server, at)
	switch {
	case hole == nil:
		c.ok("position", "the binary log still holds all behind octail's place, %s", stored)
	case errors.Is(hole, canal.ErrPurged):
		c.warn("position", "", "the binary log behind octail's place, %s, was deleted: %s%s", stored, comparesAgain, c.window(ctx))
	case errors.Is(hole, canal.ErrDiverged):
		c.warn("position", "", "octail's place, %s, is not in this server's binary log: the server lost transactions, was restored from a backup, or its log was reset: %s%s", stored, comparesAgain, c.window(ctx))
	default:
		return asked("compare the stored position with the binary log", hole)
	}
	return nil
}
