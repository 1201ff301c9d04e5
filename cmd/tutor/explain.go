//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tutor/explain/topics"
	"tutor/runtime/container"
	"tutor/runtime/terminal"
)

func newExplain(c *cli) *cobra.Command {
	command := &cobra.Command{
		Use:   "explain [OPTIONS] [TOPIC]",
		Short: "Explain an idea, an entry of a start, or a system call",
		Long: `Explain an idea, an entry of a container's start, or a system call: what it is, why containers need it, the
same by hand, and a command that shows it. Without a topic: the list of all.`,
		Example:            "  tutor explain\n  tutor explain pivot_root\n  tutor explain --memory\n  tutor explain mount propagation\n  tutor explain --format json OOM",
		DisableFlagParsing: true, // --memory is a topic here
		RunE: func(command *cobra.Command, args []string) error {
			topic, format, err := explainArgs(args)
			if err != nil {
				return err
			}
			if topic == "-h" || topic == "--help" {
				return command.Help()
			}
			book, err := openBook()
			if err != nil {
				return err
			}
			return c.explain(book, topic, format == "json")
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return completeTopic(args, typed), cobra.ShellCompDirectiveNoFileComp
		},
	}
	command.Flags().String("format", "", "json: one object for a topic, or for each section of the list")
	return command
}

// explainArgs takes --format out; all other words are the topic's name.
func explainArgs(args []string) (topic, format string, err error) {
	var words []string
	for i := 0; i < len(args); i++ {
		value, found := strings.CutPrefix(args[i], "--format=")
		if args[i] == "--format" && i+1 < len(args) {
			i++
			value, found = args[i], true
		}
		if !found {
			words = append(words, args[i])
			continue
		}
		if format = value; format != "json" {
			return "", "", container.Hint(fmt.Errorf("explain: unknown format %q", format), "--format json is the only one")
		}
	}
	return strings.Join(words, " "), format, nil
}

// openBook joins the glossary with every Program there can be.
func openBook() (topics.Book, error) {
	catalogue, err := container.Catalogue()
	return topics.Open(catalogue), err
}

func (c *cli) explain(book topics.Book, topic string, asJSON bool) error {
	style, width := styleOn(os.Stdout), pageWidth(os.Stdout)
	encoder := jsonTo(c.Out)
	if topic == "" && !asJSON {
		topics.List(c.Out, book, style, width)
		return nil
	}
	if topic == "" {
		for _, section := range book.Sections() {
			if err := encoder.Encode(section); err != nil {
				return err
			}
		}
		return nil
	}
	page, found := book.Find(topic)
	if !found {
		return container.Hint(fmt.Errorf("explain: there is no topic %q", topic),
			fmt.Sprintf("nearest: %s; tutor explain lists all", strings.Join(book.Nearest(topic), ", ")))
	}
	if asJSON {
		return encoder.Encode(page)
	}
	topics.Text(c.Out, page, style, width, container.HostLayout().Version())
	return nil
}

// pageWidth is how wide a page may be: the terminal's width, but nobody likes to read lines of more than a
// hundred columns; 80 where there is no terminal.
func pageWidth(f *os.File) int {
	if !terminal.Is(f) {
		return 80
	}
	return min(max(int(terminal.SizeOf(f).Columns), 40), 100)
}

// completeTopic offers names that begin with what is typed. A name of several words is one argument there.
func completeTopic(args []string, typed string) []string {
	book, err := openBook()
	if err != nil || len(args) > 0 {
		return nil
	}
	var names []string
	for _, page := range book.Pages() {
		if strings.HasPrefix(strings.ToLower(page.Name), strings.ToLower(typed)) {
			names = append(names, page.Name)
		}
	}
	return names
}
