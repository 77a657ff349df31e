package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"octail/internal/config"
	"octail/internal/shop"
)

// ErrNoTimezone: nothing says in which zone the shop keeps its times. The message
// around it asks for shop.timezone.
var ErrNoTimezone = errors.New("the time zone of the shop is not known")

const askForTimezone = "set shop.timezone in the configuration to the zone of the shop, for example: timezone: Europe/Berlin"

// Timezone finds the zone of the shop's DATETIME columns, and where it is written.
// configured is shop.timezone: a zone, or auto for the shop's own setting
// (config_timezone of store 0), else the server's zone where that has an IANA
// name. An error that is ErrNoTimezone asks for the setting; any other means that
// the server could not be asked.
func Timezone(ctx context.Context, db *sql.DB, prefix, configured string) (*time.Location, string, error) {
	if configured != "" && configured != config.TimezoneAuto {
		zone, err := loadZone(configured)
		if err != nil {
			return nil, "", fmt.Errorf("%w: shop.timezone is %q, which is no zone; %s", ErrNoTimezone, configured, askForTimezone)
		}
		return zone, "shop.timezone", nil
	}
	setting, err := shopSetting(ctx, db, prefix, "config_timezone")
	if err != nil {
		return nil, "", fmt.Errorf("ask the shop for its time zone: %w", err)
	}
	if setting != "" {
		zone, err := loadZone(setting)
		if err != nil {
			return nil, "", fmt.Errorf("%w: the shop's setting config_timezone is %q, which is no zone; %s", ErrNoTimezone, setting, askForTimezone)
		}
		return zone, "the shop's setting config_timezone", nil
	}
	var global, system string
	if err := db.QueryRowContext(ctx, "SELECT @@global.time_zone, @@system_time_zone").Scan(&global, &system); err != nil {
		return nil, "", fmt.Errorf("ask the server for its time zone: %w", err)
	}
	if !strings.EqualFold(global, "SYSTEM") {
		// Set by its name, also one like CET; an offset does not say when summer begins.
		if zone, err := loadZone(global); err == nil {
			return zone, "the database server's time_zone", nil
		}
		return nil, "", fmt.Errorf("%w: the shop has no setting for it, and the time_zone %q of the database server is no zone with a name; %s", ErrNoTimezone, global, askForTimezone)
	}
	// What the operating system reports is an abbreviation, CEST or CET by the
	// season in which the server was started.
	if system == "UTC" || strings.Contains(system, "/") {
		if zone, err := loadZone(system); err == nil {
			return zone, "the database server's system_time_zone", nil
		}
	}
	return nil, "", fmt.Errorf("%w: the shop has no setting for it, and the database server knows its own only as %q; %s", ErrNoTimezone, system, askForTimezone)
}

// loadZone is time.LoadLocation without the two names that mean "here".
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("no time zone: %q", name)
	}
	return time.LoadLocation(name)
}

// shopSetting is a setting of the main store, "" when it has none.
func shopSetting(ctx context.Context, db *sql.DB, prefix, key string) (string, error) {
	var value sql.NullString
	err := db.QueryRowContext(ctx, "SELECT `value` FROM "+name(prefix+"setting")+" WHERE store_id = 0 AND `key` = ? ORDER BY setting_id LIMIT 1", key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	return strings.TrimSpace(value.String), nil
}

func (c *checker) timezone(ctx context.Context) error {
	zone, from, err := Timezone(ctx, c.db, c.Config.Shop.TablePrefix, c.Config.Shop.Timezone)
	switch {
	case errors.Is(err, ErrNoTimezone):
		c.fail("timezone", c.line("", "timezone: Europe/Berlin   # the zone of the shop"), "%s", strings.TrimSuffix(err.Error(), "; "+askForTimezone))
	case err != nil && shop.Classify(err) == shop.Denied:
		c.leaveOut("timezone", "the shop's settings may not be read")
	case err != nil:
		return asked("ask for the time zone", err)
	default:
		c.zone = zone
		c.ok("timezone", "the shop keeps its times in %s (from %s)", zone, from)
	}
	return nil
}
