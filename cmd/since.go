package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// since is a time in the past, as a flag: how long ago, or a date.
type since struct{ time.Time }

// units are those of days and weeks, which a duration has not.
var units = map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour}

// UnmarshalText reads "90m", "2d", "2026-06-01" and "2026-06-01T12:00:00".
func (s *since) UnmarshalText(text []byte) error {
	value := string(text)
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, value, time.Local); err == nil {
			s.Time = t
			return nil
		}
	}
	ago, err := time.ParseDuration(value)
	for unit, length := range units {
		if number, ok := strings.CutSuffix(value, unit); ok {
			var n float64
			if n, err = strconv.ParseFloat(number, 64); err == nil {
				ago = time.Duration(n * float64(length))
			}
		}
	}
	if err != nil || ago <= 0 {
		return fmt.Errorf(`must be how long ago, such as 90m, 2h or 3d, or a date such as 2026-06-01, got %q`, value)
	}
	s.Time = time.Now().Add(-ago)
	return nil
}
