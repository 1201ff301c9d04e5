package labs

import (
	"fmt"
	"html"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// What a terminal shows and what GitHub shows is the same text: our reading of every lesson is that of a complete
// CommonMark parser. goldmark is no part of tutor itself (docs/decisions/markdown.md).
func TestLessonsReadAsCommonMark(t *testing.T) {
	files, err := fs.Glob(readmes, "*/README.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		content, err := readmes.ReadFile(file)
		require.NoError(t, err)
		t.Run(file, func(t *testing.T) { require.Equal(t, theirs(content), ours(content)) })
	}
	t.Run("everything that a lesson may use", func(t *testing.T) { require.Equal(t, theirs(dialect), ours(dialect)) })
}

var dialect = []byte(`# Title with ` + "`code`" + ` in it

> A quotation
> of two lines with **strong** words.

A paragraph with *weak*, _weak too_, **strong with ` + "`code`" + ` inside**, snake_case_name, 2 * 3 * 4,
a [link with ` + "`code`" + `](https://example.org/a) and <https://example.org>, \*no mark\*, a & b, &lt;tag&gt;,
` + "``a ` b``" + `, an unclosed ` + "`mark and *another.\n\n" + `- one
- two, which
  goes on
and on lazily

  and has a second paragraph

  ` + "```sh\n  code\n    more\n  ```\n" + `- [x] done
- [ ] not done

1. first
2. second
   - inner
   - list

| a | b \| c |
|---|:--:|
| ` + "`x`" + ` | y |
| short |

---

<!-- a remark
of two lines -->

` + "````text\n```\ninside\n```\n````\n" + `
The end.
`)

// ours is a page as one line a block, without looks.
func ours(content []byte) string {
	var b strings.Builder
	var show func(blocks []block, depth string)
	marks := func(text string) string {
		var line strings.Builder
		for _, s := range spans(text) {
			line.WriteString(mark(s.text, s.code, s.strong, s.weak, s.to))
		}
		return tidy(line.String())
	}
	show = func(blocks []block, depth string) {
		for _, k := range blocks {
			switch k.kind {
			case head:
				fmt.Fprintf(&b, "%shead %d %s\n", depth, k.level, marks(k.text))
			case code:
				fmt.Fprintf(&b, "%scode %q %q\n", depth, k.info, k.text)
			case quotation:
				fmt.Fprintf(&b, "%squotation\n", depth)
				show(k.inner, depth+"  ")
			case rule:
				fmt.Fprintf(&b, "%srule\n", depth)
			case table:
				for _, row := range k.rows {
					for _, cell := range row {
						fmt.Fprintf(&b, "%scell %s\n", depth, marks(cell))
					}
				}
			case list:
				for _, it := range k.items {
					fmt.Fprintf(&b, "%sitem %s\n", depth, map[string]string{"": "", "x": "[x]", " ": "[ ]"}[it.task])
					show(it.blocks, depth+"  ")
				}
			default:
				fmt.Fprintf(&b, "%sparagraph %s\n", depth, marks(k.text))
			}
		}
	}
	show(markdown(string(content)), "")
	return b.String()
}

func mark(text string, code, strong, weak bool, to string) string {
	text = tidy(text)
	for _, m := range []struct {
		is   bool
		mark string
	}{{code, "`"}, {strong, "**"}, {weak, "_"}, {to != "", "|" + to + "|"}} {
		if m.is {
			text = m.mark + text + m.mark
		}
	}
	return text
}

func tidy(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// theirs is the same of what goldmark reads.
func theirs(source []byte) string {
	document := goldmark.New(goldmark.WithExtensions(extension.Table, extension.TaskList)).Parser().Parse(text.NewReader(source))
	var b strings.Builder
	var show func(n ast.Node, depth string)
	show = func(parent ast.Node, depth string) {
		for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
			switch k := n.(type) {
			case *ast.Heading:
				fmt.Fprintf(&b, "%shead %d %s\n", depth, k.Level, inlineOf(n, source))
			case *ast.FencedCodeBlock:
				info := ""
				if k.Info != nil {
					info = string(k.Info.Segment.Value(source))
				}
				fmt.Fprintf(&b, "%scode %q %q\n", depth, info, k.Lines().Value(source))
			case *ast.Blockquote:
				fmt.Fprintf(&b, "%squotation\n", depth)
				show(n, depth+"  ")
			case *ast.ThematicBreak:
				fmt.Fprintf(&b, "%srule\n", depth)
			case *ast.List:
				show(n, depth)
			case *ast.ListItem:
				fmt.Fprintf(&b, "%sitem %s\n", depth, taskOf(n))
				show(n, depth+"  ")
			case *ast.Paragraph, *ast.TextBlock:
				fmt.Fprintf(&b, "%sparagraph %s\n", depth, inlineOf(n, source))
			case *extast.Table, *extast.TableHeader, *extast.TableRow:
				show(n, depth)
			case *extast.TableCell:
				fmt.Fprintf(&b, "%scell %s\n", depth, inlineOf(n, source))
			case *ast.HTMLBlock: // a remark
			default:
				fmt.Fprintf(&b, "%s?%T\n", depth, n)
			}
		}
	}
	show(document, "")
	return b.String()
}

func taskOf(item ast.Node) string {
	if item.FirstChild() == nil {
		return ""
	}
	box, is := item.FirstChild().FirstChild().(*extast.TaskCheckBox)
	if !is {
		return ""
	}
	if box.IsChecked {
		return "[x]"
	}
	return "[ ]"
}

func inlineOf(parent ast.Node, source []byte) string {
	var b strings.Builder
	var walk func(n ast.Node, code, strong, weak bool, to string)
	walk = func(parent ast.Node, code, strong, weak bool, to string) {
		for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
			switch k := n.(type) {
			case *ast.Text:
				value := string(k.Segment.Value(source))
				if !code {
					value = unescaped(value)
				}
				if k.SoftLineBreak() || k.HardLineBreak() {
					value += " "
				}
				b.WriteString("\x00" + mark(value, code, strong, weak, to))
			case *ast.String:
				b.WriteString("\x00" + mark(string(k.Value), code, strong, weak, to))
			case *ast.CodeSpan:
				var inner strings.Builder
				for c := n.FirstChild(); c != nil; c = c.NextSibling() {
					inner.Write(c.(*ast.Text).Segment.Value(source))
				}
				b.WriteString("\x00" + mark(inner.String(), true, strong, weak, to))
			case *ast.Emphasis:
				walk(n, code, strong || k.Level == 2, weak || k.Level == 1, to)
			case *ast.Link:
				walk(n, code, strong, weak, string(k.Destination))
			case *ast.AutoLink:
				address := string(k.URL(source))
				b.WriteString("\x00" + mark(address, code, strong, weak, address))
			case *extast.TaskCheckBox:
			default:
				fmt.Fprintf(&b, "?%T", n)
			}
		}
	}
	walk(parent, false, false, false, "")
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "\x00", ""))
}

var escape = regexp.MustCompile(`\\([[:punct:]])`)

func unescaped(text string) string { return html.UnescapeString(escape.ReplaceAllString(text, "$1")) }
