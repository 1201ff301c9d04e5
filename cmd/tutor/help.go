//go:build linux

package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// fitHelp has every command's help fit the terminal.
func (c *cli) fitHelp(root *cobra.Command) {
	print := root.HelpFunc()
	root.SetHelpFunc(func(command *cobra.Command, args []string) {
		var text bytes.Buffer
		command.SetOut(&text)
		print(command, args)
		command.SetOut(c.Out)
		io.WriteString(c.Out, fit(text.String(), pageWidth(os.Stdout)))
	})
}

// newHelp is cobra's own, which takes any word for a command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about any command",
		Example: "  tutor help run\n  tutor help network create",
		RunE: func(cmd *cobra.Command, args []string) error {
			command, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return only(command, rest)
			}
			return command.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) (names []string, _ cobra.ShellCompDirective) {
			command, rest, err := cmd.Root().Find(args)
			for _, below := range command.Commands() {
				if err == nil && len(rest) == 0 && below.IsAvailableCommand() && strings.HasPrefix(below.Name(), begun) {
					names = append(names, below.Name()+"\t"+below.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// fit breaks lines that are too long: words of a table under their first, paragraphs as a whole. Examples stay as they can be typed.
func fit(text string, width int) string {
	var out strings.Builder
	tabled := regexp.MustCompile(`^ +\S.*?  +\b`) // a line of a table: what it is about, two spaces or more, and the words
	examples := false
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if prose(line) {
			examples = line == "Examples:"
			for !strings.HasSuffix(line, ":") && i+1 < len(lines) && prose(lines[i+1]) {
				i++
				line += " " + lines[i]
			}
		}
		if examples || utf8.RuneCountInString(line) <= width {
			out.WriteString(line + "\n")
			continue
		}
		first := tabled.FindString(line)
		if first == "" || len(first) > width/2 {
			first = line[:len(line)-len(strings.TrimLeft(line, " "))]
		}
		out.WriteString(hang(first, line[len(first):], width))
	}
	return out.String()
}

// prose tells if a line is part of a paragraph: what is indented is a table, or meant to stand as it is.
func prose(line string) bool { return line != "" && !strings.HasPrefix(line, " ") }

// hang writes words after first, and under one another.
func hang(first, words string, width int) string {
	var out strings.Builder
	line := first
	for _, word := range strings.Fields(words) {
		if line != first && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			out.WriteString(line + "\n")
			first = strings.Repeat(" ", utf8.RuneCountInString(first))
			line = first
		}
		if line != first {
			line += " "
		}
		line += word
	}
	return out.String() + line + "\n"
}
