package config_test

import (
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
)

func TestHoursOfTheWeek(t *testing.T) {
	at := func(day, hour int) time.Time { // 2 November 2026 is a Monday
		return time.Date(2026, 11, 1+day, hour, 30, 0, 0, time.Local)
	}
	const monday, friday, saturday, sunday = 1, 5, 6, 7
	for _, test := range []struct {
		text      string
		day, hour int
		in        bool
	}{
		{"22:00-06:00", monday, 23, true}, {"22:00-06:00", monday, 5, true}, {"22:00-06:00", monday, 6, false},
		{"mon-fri 08:00-18:00", monday, 8, true}, {"mon-fri 08:00-18:00", friday, 17, true}, {"mon-fri 08:00-18:00", saturday, 12, false},
		{"fri 22:00-06:00", friday, 22, true}, {"fri 22:00-06:00", saturday, 5, true}, {"fri 22:00-06:00", friday, 5, false}, {"fri 22:00-06:00", saturday, 22, false},
		{"Sat,Sun 00:00-24:00", sunday, 23, true}, {"sat,sun 00:00-24:00", monday, 0, false},
		{"fri-mon 10:00-11:00", sunday, 10, true}, {"fri-mon 10:00-11:00", monday, 10, true}, {"fri-mon 10:00-11:00", monday + 1, 10, false},
	} {
		h, err := config.ParseHours(test.text)
		if err != nil {
			t.Fatal(err)
		}
		if h.Contains(at(test.day, test.hour)) != test.in {
			t.Errorf("%s at day %d, %d:30: %v, want %v", test.text, test.day, test.hour, !test.in, test.in)
		}
		if again, err := config.ParseHours(h.String()); again != h || err != nil {
			t.Errorf("%s is written %s", test.text, h)
		}
	}
	for _, text := range []string{"", "22:00", "mon", "mon 22:00", "mon- 22:00-06:00", "mon-fry 22:00-06:00", ",mon 08:00-09:00", "08:00-08:00", "25:00-26:00", "mon-fri08:00-18:00"} {
		if h, err := config.ParseHours(text); err == nil {
			t.Errorf("%q is read as %s", text, h)
		}
	}
}
