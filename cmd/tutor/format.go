//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"text/template"

	"tutor/runtime/container"
)

// printRows prints what a command found as --format asks for it: "json" is one object a line, "table" and
// nothing at all the command's own columns under its headings, "table TEMPLATE" others, and a Go template
// alone the bare lines. A row is a struct whose fields have the names that Docker's templates use; headings is
// such a row that holds the first line of a table.
func printRows[T any](out io.Writer, format, columns string, headings T, rows []T) error {
	if format == "json" {
		return printJSON(out, rows)
	}
	if format == "" || format == "table" {
		return printTable(out, columns, headings, rows)
	}
	if columns, table := strings.CutPrefix(format, "table "); table {
		return printTable(out, columns, headings, rows)
	}
	return printTemplate(out, format, rows)
}

func printTable[T any](out io.Writer, columns string, headings T, rows []T) error {
	t, err := parseTemplate(columns)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)
	if err := printEach(w, t.Funcs(onHeadings), []T{headings}); err != nil {
		return err
	}
	if err := printEach(w, t.Funcs(functions), rows); err != nil {
		return err
	}
	return w.Flush()
}

// functions are what Docker's templates may call.
var functions = template.FuncMap{
	"join":  strings.Join,
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"title": strings.Title,
	"split": strings.Split,
	"json":  asJSON,
	"pad": func(text string, before, after int) string {
		if text == "" {
			return text
		}
		return strings.Repeat(" ", before) + text + strings.Repeat(" ", after)
	},
	"truncate": func(text string, length int) string {
		letters := []rune(text)
		return string(letters[:min(length, len(letters))])
	},
}

// onHeadings are those that change what stands in a row: a heading stays as it is.
var onHeadings = template.FuncMap{
	"lower":    func(heading string) string { return heading },
	"upper":    func(heading string) string { return heading },
	"title":    func(heading string) string { return heading },
	"json":     func(heading any) any { return heading },
	"truncate": func(heading string, _ int) string { return heading },
}

// labelled are the labels of what a row shows; it is a part of the row.
type labelled map[string]string

// Label is one label's value: {{.Label "course"}}.
func (l labelled) Label(key string) string { return l[key] }

// parseTemplate takes \t and \n as the shell passes them on: two characters.
func parseTemplate(format string) (*template.Template, error) {
	t, err := template.New("format").Funcs(functions).Parse(strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(format))
	if err != nil {
		return nil, templateError(err)
	}
	return t, nil
}

func printTemplate[T any](out io.Writer, format string, rows []T) error {
	t, err := parseTemplate(format)
	if err != nil {
		return err
	}
	return printEach(out, t, rows)
}

func printEach[T any](out io.Writer, t *template.Template, rows []T) error {
	for _, row := range rows {
		if err := t.Execute(out, row); err != nil {
			return templateError(err)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// jsonTo writes JSON with & and < as they are.
func jsonTo(out io.Writer) *json.Encoder {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e
}

// asJSON is a value in one line.
func asJSON(value any) (string, error) {
	var b strings.Builder
	err := jsonTo(&b).Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// printDetails prints what `inspect` found: an array, as Docker, or each with the template.
func printDetails[T any](out io.Writer, format string, found []T) error {
	if format == "" {
		return printIndented(out, found)
	}
	if format == "json" {
		return jsonTo(out).Encode(found)
	}
	t, err := parseTemplate(format)
	if err != nil {
		return err
	}
	for _, one := range found {
		var b bytes.Buffer
		if err := t.Execute(&b, one); err != nil {
			if b, err = asPrinted(t, one); err != nil {
				return templateError(err)
			}
		}
		fmt.Fprintln(out, b.String())
	}
	return nil
}

// printWhole prints the one thing that there is: an object, or the template's text.
func printWhole[T any](out io.Writer, format string, v T) error {
	if format == "json" {
		return jsonTo(out).Encode(v)
	}
	return printDetails(out, format, []T{v})
}

func printIndented(out io.Writer, value any) error {
	e := jsonTo(out)
	e.SetIndent("", "    ")
	return e.Encode(value)
}

// asPrinted carries the template out on the names that the JSON shows: {{.Id}}, where the field is called ID.
func asPrinted(t *template.Template, one any) (b bytes.Buffer, err error) {
	data, err := json.Marshal(one)
	if err != nil {
		return b, err
	}
	var names map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&names); err != nil {
		return b, err
	}
	return b, t.Option("missingkey=error").Execute(&b, names)
}

func printJSON[T any](out io.Writer, rows []T) error {
	encoder := jsonTo(out)
	for _, row := range rows {
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func templateError(err error) error {
	return container.Hint(fmt.Errorf("template parsing error: %w", err), "'{{json .}}' shows every field that there is")
}
