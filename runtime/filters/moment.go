package filters

import (
	"strconv"
	"time"
)

// Moment reads a point in time as Docker's flags take it: a duration before now (10m, 1h30m), a Unix time in
// seconds, a date, or RFC 3339; without a zone it is now's. false: it is none of these.
func Moment(text string, now time.Time) (time.Time, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d), true
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Unix(0, int64(seconds*1e9)), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
