package toolbox

import (
	"strconv"
	"strings"
)

// options are a command line taken apart: the flags with their values, and the operands.
type options struct {
	given map[byte][]string
	rest  []string
}

// parse takes args apart as getopt(3) does: flags combine (-la), values stick (-n5) or follow (-n 5), flags may
// stand after operands, and "--" ends them. spec is getopt's: the flags, with ":" behind those that take a value;
// a leading "+" stops at the first operand (for env and xargs, whose operands are another command line). Words
// behind it are long names: "qO:S spider=s" makes --spider mean -s.
func parse(spec string, args []string) (options, error) {
	short, long, _ := strings.Cut(spec, " ")
	o := options{given: map[byte][]string{}}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			o.rest = append(o.rest, args...)
			return o, nil
		case len(arg) < 2 || arg[0] != '-':
			o.rest = append(o.rest, arg)
			if short != "" && short[0] == '+' {
				o.rest = append(o.rest, args...)
				return o, nil
			}
			continue
		case strings.HasPrefix(arg, "--"):
			translated, err := longName(long, arg)
			if err != nil {
				return o, err
			}
			arg = translated
		}
		var err error
		if args, err = o.cluster(short, arg[1:], args); err != nil {
			return o, err
		}
	}
	return o, nil
}

// longName turns --name or --name=value into -n or -nvalue.
func longName(long, arg string) (string, error) {
	name, value, _ := strings.Cut(arg[2:], "=")
	for pair := range strings.FieldsSeq(long) {
		if known, letter, _ := strings.Cut(pair, "="); known == name {
			return "-" + letter + value, nil
		}
	}
	return "", usageError("unknown option " + arg)
}

// cluster reads the flags of one argument, and the following argument when the last flag needs it.
func (o *options) cluster(short, flags string, args []string) ([]string, error) {
	for i := range len(flags) {
		flag := flags[i]
		at := strings.IndexByte(short, flag)
		if at < 0 || flag == ':' || flag == '+' {
			return nil, usageError("unknown option -" + string(flag))
		}
		if at+1 == len(short) || short[at+1] != ':' {
			o.given[flag] = append(o.given[flag], "")
			continue
		}
		if value := flags[i+1:]; value != "" {
			o.given[flag] = append(o.given[flag], value)
			return args, nil
		}
		if len(args) == 0 {
			return nil, usageError("option -" + string(flag) + " needs a value")
		}
		o.given[flag] = append(o.given[flag], args[0])
		return args[1:], nil
	}
	return args, nil
}

// has tells whether any of the flags was given.
func (o options) has(flags string) bool {
	for i := range len(flags) {
		if len(o.given[flags[i]]) > 0 {
			return true
		}
	}
	return false
}

// value is the last value of a flag, or otherwise.
func (o options) value(flag byte, otherwise string) string {
	if all := o.given[flag]; len(all) > 0 {
		return all[len(all)-1]
	}
	return otherwise
}

// number is the last value of a flag as a number.
func (o options) number(flag byte, otherwise int) (int, error) {
	text := o.value(flag, strconv.Itoa(otherwise))
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, usageError("-" + string(flag) + ": " + text + " is not a number")
	}
	return n, nil
}

// seconds is the last value of a flag as a number of seconds, fractions allowed.
func (o options) seconds(flag byte, otherwise float64) (float64, error) {
	text := o.value(flag, strconv.FormatFloat(otherwise, 'g', -1, 64))
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 {
		return 0, usageError("-" + string(flag) + ": " + text + " is not a number of seconds")
	}
	return n, nil
}
