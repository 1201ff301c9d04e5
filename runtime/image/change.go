package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Changes carries out Dockerfile instructions on an image's config, as `commit -c` and `import -c` do: CMD, ENV and the
// others in the table below, which change nothing but the config. They are as the lines of one Dockerfile: an ENTRYPOINT
// drops the parent's CMD, but not one that was set here. After an error c is as it was.
func Changes(c *v1.Config, instructions []string) error {
	if len(instructions) == 0 {
		return nil
	}
	ch := &changing{config: c.DeepCopy()}
	lines := logicalLines(strings.Join(instructions, "\n"))
	if len(lines) == 0 {
		return errors.New("file with no instructions")
	}
	var all []instruction
	for _, line := range lines {
		i := parseInstruction(line)
		if changers[i.name] == nil {
			return &Error{Msg: strings.ToLower(i.name) + " is not a valid change command",
				Hint: "these are: " + strings.Join(slices.Sorted(maps.Keys(changers)), " ")}
		}
		all = append(all, i)
	}
	for _, i := range all {
		if i.name != "HEALTHCHECK" && len(i.flags) > 0 {
			return unknownFlag(i.flags[0])
		}
		if err := changers[i.name](ch, i); err != nil {
			return err
		}
	}
	*c = *ch.config
	return nil
}

// changing is a config between two instructions.
type changing struct {
	config *v1.Config
	cmdSet bool // by an instruction, and not by the parent
}

// changers are the instructions that change only the config. RUN, COPY and their kin would need a build.
var changers = map[string]func(ch *changing, i instruction) error{
	"CMD":         (*changing).cmd,
	"ENTRYPOINT":  (*changing).entrypoint,
	"ENV":         (*changing).env,
	"EXPOSE":      (*changing).expose,
	"HEALTHCHECK": (*changing).healthcheck,
	"LABEL":       (*changing).label,
	"ONBUILD":     (*changing).onbuild,
	"STOPSIGNAL":  (*changing).stopSignal,
	"USER":        (*changing).user,
	"VOLUME":      (*changing).volume,
	"WORKDIR":     (*changing).workdir,
}

func unknownFlag(flag string) error {
	name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
	return fmt.Errorf("Unknown flag: %s", name)
}

func (ch *changing) cmd(i instruction) error {
	args, err := i.command(ch.config)
	ch.config.Cmd, ch.cmdSet = args, true
	return err
}

func (ch *changing) entrypoint(i instruction) error {
	args, err := i.command(ch.config)
	if err != nil {
		return err
	}
	if i.rest == "" || len(args) == 0 {
		args = nil
	}
	ch.config.Entrypoint = args
	if !ch.cmdSet {
		ch.config.Cmd = nil
	}
	return nil
}

// command is the exec form, a JSON array, or else the shell form.
func (i instruction) command(c *v1.Config) ([]string, error) {
	list, isJSON, err := jsonList(i.rest)
	if err != nil || isJSON {
		return list, err
	}
	shell := []string{"/bin/sh", "-c"}
	if len(c.Shell) > 0 {
		shell = slices.Clone(c.Shell)
	}
	if i.rest == "" {
		return shell, nil
	}
	return append(shell, i.rest), nil
}

// jsonList reads ["a", "b"]. What only looks like it is taken for shell, as in Docker; an array of anything else
// is an error, as nobody means that.
func jsonList(text string) (list []string, isJSON bool, err error) {
	if !strings.HasPrefix(text, "[") {
		return nil, false, nil
	}
	var values []any
	if json.NewDecoder(strings.NewReader(text)).Decode(&values) != nil {
		return nil, false, nil
	}
	list = []string{}
	for _, v := range values {
		s, is := v.(string)
		if !is {
			return nil, false, errors.New("when using JSON array syntax, arrays must be comprised of strings only")
		}
		list = append(list, s)
	}
	return list, true, nil
}

func (ch *changing) env(i instruction) error {
	pairs, err := ch.pairs(i)
	for _, p := range pairs {
		at := slices.IndexFunc(ch.config.Env, func(have string) bool { return strings.HasPrefix(have, p.name+"=") })
		if at >= 0 {
			ch.config.Env[at] = p.name + "=" + p.value
			continue
		}
		ch.config.Env = append(ch.config.Env, p.name+"="+p.value)
	}
	return err
}

func (ch *changing) label(i instruction) error {
	pairs, err := ch.pairs(i)
	if ch.config.Labels == nil {
		ch.config.Labels = map[string]string{}
	}
	for _, p := range pairs {
		ch.config.Labels[p.name] = p.value
	}
	return err
}

// neverOnBuild are the instructions that Docker allows in no trigger.
var neverOnBuild = map[string]string{
	"ONBUILD":    "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
	"FROM":       "FROM isn't allowed as an ONBUILD trigger",
	"MAINTAINER": "MAINTAINER isn't allowed as an ONBUILD trigger",
}

func (ch *changing) onbuild(i instruction) error {
	if i.rest == "" {
		return errors.New("ONBUILD requires at least one argument")
	}
	if reason := neverOnBuild[parseInstruction(i.rest).name]; reason != "" {
		return errors.New(reason)
	}
	ch.config.OnBuild = append(ch.config.OnBuild, i.rest)
	return nil
}

func (ch *changing) user(i instruction) error {
	user, err := ch.one(i)
	ch.config.User = user
	return err
}

func (ch *changing) volume(i instruction) error {
	list, isJSON, err := jsonList(i.rest)
	if err != nil {
		return err
	}
	if !isJSON {
		list = strings.Fields(i.rest)
	}
	if len(list) == 0 {
		return errors.New("VOLUME requires at least one argument")
	}
	if ch.config.Volumes == nil {
		ch.config.Volumes = map[string]struct{}{}
	}
	for _, word := range list {
		volume, err := ch.expand(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		if volume == "" {
			return errors.New("VOLUME specified can not be an empty string")
		}
		ch.config.Volumes[volume] = struct{}{}
	}
	return nil
}

// workdir is relative to the one before, if it is relative.
func (ch *changing) workdir(i instruction) error {
	dir, err := ch.one(i)
	if err != nil {
		return err
	}
	if dir == "" {
		return errors.New("cannot normalize nothing")
	}
	if !path.IsAbs(dir) {
		dir = path.Join("/", ch.config.WorkingDir, dir)
	}
	ch.config.WorkingDir = dir
	return nil
}

// one is the whole rest of the line as one argument, its variables filled in.
func (ch *changing) one(i instruction) (string, error) {
	if i.rest == "" {
		return "", fmt.Errorf("%s requires exactly one argument", i.name)
	}
	return ch.expand(i.rest)
}
