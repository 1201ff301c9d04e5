//go:build linux

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"tutor/runtime/container"
)

// log reads --log-driver and --log-opt.
func (r *rawFlags) log() (c container.LogConfig, err error) {
	switch r.logDriver {
	case container.LogFile, "":
	case container.LogNone:
		c.Driver = container.LogNone
	default:
		return c, container.Hint(fmt.Errorf("logger: no log driver named '%s' is registered", r.logDriver),
			"tutor knows json-file and none; what a container writes can go anywhere from its foreground: tutor run IMAGE | logger")
	}
	for _, text := range r.logOptions {
		key, value, _ := strings.Cut(text, "=")
		if c.Driver == container.LogNone {
			return c, container.Hint(fmt.Errorf("unknown log opt '%s' for none log driver", key), "with --log-driver none there is nothing to bound")
		}
		if err := logOption(&c, key, value); err != nil {
			return c, err
		}
	}
	return c, nil
}

// logOption is one of those that json-file has in Docker; those that only add to each line are not there.
func logOption(c *container.LogConfig, key, value string) (err error) {
	switch key {
	case "max-size":
		c.Size, err = units.FromHumanSize(value) // 10m is 10 000 000 here, as in Docker
		if err == nil && c.Size <= 0 {
			err = errors.New("max-size must be a positive number")
		}
		if err != nil {
			return container.Hint(fmt.Errorf("invalid value %q for log opt max-size: %w", value, err), "a number of bytes, or with k, m or g: --log-opt max-size=10m")
		}
	case "max-file":
		c.Files, err = strconv.Atoi(value)
		if err == nil && c.Files < 1 {
			err = errors.New("max-file cannot be less than 1")
		}
		if err != nil || c.Files > mostLogFiles {
			return container.Hint(errors.Join(fmt.Errorf("invalid value %q for log opt max-file", value), err), "a number from 1 to 1000, together with max-size: --log-opt max-size=10m --log-opt max-file=3")
		}
	case "compress", "labels", "labels-regex", "env", "env-regex", "tag":
		return container.Hint(fmt.Errorf("log opt '%s' is not supported", key), "tutor's logs are plain lines, as they were written: max-size and max-file bound them")
	default:
		return container.Hint(fmt.Errorf("unknown log opt '%s' for json-file log driver", key), "--log-opt max-size=10m --log-opt max-file=3")
	}
	return nil
}

// mostLogFiles is more than anybody keeps: a reader looks for each of them.
const mostLogFiles = 1000
