package toolbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func date(t *tool) error {
	o, err := parse("ud:R utc=u date=d", t.args)
	if err != nil {
		return err
	}
	zone := time.Local
	if o.has("u") {
		zone = time.UTC
	}
	when := time.Now()
	if o.has("d") {
		if when, err = parseTime(o.value('d', ""), zone); err != nil {
			return err
		}
	}
	format := "+%a %b %e %H:%M:%S %Z %Y"
	if o.has("R") {
		format = "+%a, %d %b %Y %H:%M:%S %z"
	}
	if len(o.rest) > 0 {
		format = o.rest[0]
	}
	if format[0] != '+' {
		return usageError("the clock cannot be set from here: a container shares it with its host")
	}
	t.println(strftime(when.In(zone), format[1:]))
	return nil
}

// parseTime reads @seconds, now, and the ISO forms of a date.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	if seconds, ok := strings.CutPrefix(text, "@"); ok {
		n, err := strconv.ParseFloat(seconds, 64)
		if err != nil {
			return time.Time{}, usageError(text + ": not a date")
		}
		return time.Unix(int64(n), int64((n-float64(int64(n)))*1e9)), nil
	}
	if text == "now" {
		return time.Now(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", time.RFC3339, "2006-01-02T15:04:05", time.UnixDate} {
		if when, err := time.ParseInLocation(layout, text, zone); err == nil {
			return when, nil
		}
	}
	return time.Time{}, usageError(text + ": not a date (YYYY-MM-DD HH:MM:SS, or @SECONDS)")
}

// strftime fills in the directives of strftime(3), in the C locale.
func strftime(when time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		plain := format[i] == '-' && i+1 < len(format) // %-d: no leading zero
		if plain {
			i++
		}
		text := directive(when, format[i])
		if trimmed := strings.TrimLeft(text, "0 "); plain && trimmed != "" {
			text = trimmed
		} else if plain {
			text = "0"
		}
		b.WriteString(text)
	}
	return b.String()
}

// layouts are the directives that Go's time package has a word for.
var layouts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'e': "_2", 'I': "03", 'p': "PM",
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'j': "002", 'N': "000000000", 'Z': "MST", 'z': "-0700",
	'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04", 'r': "03:04:05 PM", 'c': "Mon Jan _2 15:04:05 2006",
	'x': "01/02/06", 'X': "15:04:05",
}

func directive(when time.Time, letter byte) string {
	switch letter {
	case 's':
		return strconv.FormatInt(when.Unix(), 10)
	case 'u':
		return strconv.Itoa((int(when.Weekday())+6)%7 + 1)
	case 'w':
		return strconv.Itoa(int(when.Weekday()))
	case 'k':
		return fmt.Sprintf("%2d", when.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (when.Hour()+11)%12+1)
	case 'C':
		return fmt.Sprintf("%02d", when.Year()/100)
	case 'G':
		year, _ := when.ISOWeek()
		return strconv.Itoa(year)
	case 'V':
		_, week := when.ISOWeek()
		return fmt.Sprintf("%02d", week)
	case 'U':
		return fmt.Sprintf("%02d", (when.YearDay()+6-int(when.Weekday()))/7)
	case 'W':
		return fmt.Sprintf("%02d", (when.YearDay()+6-(int(when.Weekday())+6)%7)/7)
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '%':
		return "%"
	case 'N':
		return fmt.Sprintf("%09d", when.Nanosecond())
	}
	if layout, ok := layouts[letter]; ok {
		return when.Format(layout)
	}
	return "%" + string(letter)
}

// sleep sleeps for the sum of its arguments.
func sleep(t *tool) error {
	if len(t.args) == 0 {
		return usageError("how long?")
	}
	var total time.Duration
	for _, arg := range t.args {
		if arg == "infinity" || arg == "inf" {
			for {
				time.Sleep(time.Hour)
			}
		}
		digits := strings.TrimRight(arg, "smhd")
		n, err := strconv.ParseFloat(digits, 64)
		unit, ok := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[arg[len(digits):]]
		if err != nil || !ok || n < 0 {
			return usageError(arg + ": not a time")
		}
		total += time.Duration(n * float64(unit))
	}
	time.Sleep(total)
	return nil
}
