package check_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"octail/internal/check"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestTimezone: what is configured, else the shop's setting, else the server's.
func TestTimezone(t *testing.T) {
	// Started in winter or summer, in a zone that the system knows by letters only.
	t.Setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
	letters := shoptesting.Server(t, shoptest.Options{Args: soundArgs})
	t.Setenv("TZ", "UTC")
	const named = "INSERT INTO mysql.time_zone VALUES (1, 'N'); INSERT INTO mysql.time_zone_name VALUES ('CET', 1), ('Europe/Kyiv', 1);" +
		"INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 3600, 0, 'CET'); INSERT INTO mysql.time_zone_transition VALUES (1, -2147483648, 0)"
	for _, server := range []*shoptest.Server{letters, shoptesting.Server(t, shoptest.Options{Flavor: onMySQL, Args: soundArgs})} {
		i := install(t, server, shoptest.V3)
		i.sql(named)
		system := "UTC"
		if server == letters {
			system = "" // CET or CEST
		}
		for _, c := range []struct {
			name       string
			configured string
			setting    string // "-": none
			global     string
			zone, from string // zone "": none found
		}{
			{"configured", "Asia/Tokyo", "Europe/Berlin", "SYSTEM", "Asia/Tokyo", "shop.timezone"},
			{"configured wrongly", "Europe/Atlantis", "Europe/Berlin", "SYSTEM", "", "Europe/Atlantis"},
			{"the machine's", "Local", "Europe/Berlin", "SYSTEM", "", "Local"},
			{"the shop's", "auto", "Europe/Berlin", "SYSTEM", "Europe/Berlin", "config_timezone"},
			{"nothing configured", "", "America/New_York", "SYSTEM", "America/New_York", "config_timezone"},
			{"the shop's is wrong", "auto", "Middle-earth/Shire", "SYSTEM", "", "Middle-earth/Shire"},
			{"the shop's is empty", "auto", "", "Europe/Kyiv", "Europe/Kyiv", "time_zone"},
			{"the server's by name", "auto", "-", "Europe/Kyiv", "Europe/Kyiv", "time_zone"},
			{"the server's by letters", "auto", "-", "CET", "CET", "time_zone"},
			{"the server's offset", "auto", "-", "+02:00", "", "+02:00"},
			{"the server's zero offset", "auto", "-", "+00:00", "", "+00:00"},
			{"the system's", "auto", "-", "SYSTEM", system, "system_time_zone"},
		} {
			t.Run(server.Flavor()+"/"+c.name, func(t *testing.T) {
				i.t, i.config.Shop.Timezone = t, c.configured
				i.sql("SET GLOBAL time_zone = '"+c.global+"'", "DELETE FROM {db}.oc_setting WHERE `key` = 'config_timezone'")
				if c.setting != "-" {
					i.sql("INSERT INTO {db}.oc_setting SET store_id = 1, code = 'config', `key` = 'config_timezone', value = 'Asia/Tokyo', serialized = 0",
						"INSERT INTO {db}.oc_setting SET store_id = 0, code = 'config', `key` = 'config_timezone', value = '"+c.setting+"', serialized = 0")
				}
				d := i.deps()
				zone, from, err := check.Timezone(t.Context(), d.DB, "oc_", c.configured)
				if c.zone != "" {
					if err != nil || zone.String() != c.zone || !strings.Contains(from, c.from) {
						t.Errorf("%v from %q, %v", zone, from, err)
					}
					wants(t, i.run())
					return
				}
				if !errors.Is(err, check.ErrNoTimezone) || !strings.Contains(err.Error(), "timezone: Europe/Berlin") || c.name != "the system's" && !strings.Contains(err.Error(), c.from) {
					t.Errorf("%v: %v", zone, err)
				}
				r := i.run()
				wants(t, r, "error timezone")
				wants(t, i.essential(), "error timezone")
				i.apply(found(t, r, "timezone"))
				wants(t, i.run())
			})
		}
	}
}

// TestTimezoneUnasked: an error of the server does not ask for the setting.
func TestTimezoneUnasked(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	for _, prefix := range []string{"no_", "`"} {
		if zone, _, err := check.Timezone(t.Context(), i.deps().DB, prefix, "auto"); err == nil || errors.Is(err, check.ErrNoTimezone) {
			t.Errorf("%v, %v", zone, err)
		}
	}
}

// TestClock: the machine's clock and the server's.
func TestClock(t *testing.T) {
	for _, flavor := range flavors {
		i := install(t, sound(t, flavor), shoptest.V4)
		for _, c := range []struct {
			ahead time.Duration // of us
			want  []string
			says  string
		}{
			{0, nil, "agree"},
			{4 * time.Second, nil, "agree"},
			{10 * time.Second, []string{"warning clock"}, "10s behind this machine's"},
			{-10 * time.Second, []string{"warning clock"}, "10s ahead of this machine's"},
			{-2 * time.Hour, []string{"warning clock"}, "figures for lag and age will be wrong"},
		} {
			var r check.Report
			for range 10 { // of an answer that took long the second is not certain
				r = i.look(check.Run(t.Context(), check.WithClock(i.deps(), func() time.Time { return time.Now().Add(c.ahead) })))
				if strings.Contains(textOf(r), c.says) {
					break
				}
			}
			wants(t, r, c.want...)
			if !strings.Contains(textOf(r), c.says) {
				t.Errorf("nothing of %q:\n%s", c.says, textOf(r))
			}
		}
	}
}
