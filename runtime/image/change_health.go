package image

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// healthcheck reads NONE, or [--interval=…] … CMD command.
func (ch *changing) healthcheck(i instruction) error {
	kind, rest := firstWord(i.rest)
	kind = strings.ToUpper(kind)
	switch kind {
	case "":
		return errors.New("HEALTHCHECK requires at least one argument")
	case "NONE":
		if rest != "" {
			return errors.New("HEALTHCHECK NONE takes no arguments")
		}
		ch.config.Healthcheck = &v1.HealthConfig{Test: []string{"NONE"}}
		return nil
	}
	check, err := healthFlags(i.flags)
	if err != nil {
		return err
	}
	if kind != "CMD" {
		return fmt.Errorf("Unknown type %q in HEALTHCHECK (try CMD)", kind)
	}
	list, isJSON, err := jsonList(rest)
	if err != nil {
		return err
	}
	if rest == "" || (isJSON && len(list) == 0) {
		return errors.New("Missing command after HEALTHCHECK CMD")
	}
	check.Test = []string{"CMD-SHELL", rest}
	if isJSON {
		check.Test = append([]string{"CMD"}, list...)
	}
	ch.config.Healthcheck = check
	return nil
}

func healthFlags(flags []string) (*v1.HealthConfig, error) {
	check := &v1.HealthConfig{}
	durations := map[string]*time.Duration{"interval": &check.Interval, "timeout": &check.Timeout, "start-period": &check.StartPeriod}
	used := map[string]bool{}
	for _, flag := range flags {
		name, value, given := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		duration := durations[name]
		switch {
		case duration == nil && name != "retries":
			return nil, unknownFlag(flag)
		case used[name]:
			return nil, fmt.Errorf("Duplicate flag specified: %s", name)
		case !given:
			return nil, fmt.Errorf("Missing a value on flag: %s", name)
		}
		used[name] = true
		if err := healthFlag(check, name, value, duration); err != nil {
			return nil, err
		}
	}
	return check, nil
}

// healthFlag reads one value. 0 means the default.
func healthFlag(check *v1.HealthConfig, name, value string, duration *time.Duration) (err error) {
	if value == "" {
		return nil
	}
	if duration != nil {
		*duration, err = time.ParseDuration(value)
		if err == nil && *duration != 0 && *duration < time.Millisecond {
			err = fmt.Errorf("Interval %q cannot be less than 1ms", name)
		}
		return err
	}
	retries, err := strconv.ParseInt(value, 10, 32)
	if err == nil && retries < 0 {
		err = fmt.Errorf("--retries cannot be negative (%d)", retries)
	}
	check.Retries = int(retries)
	return err
}
