package topics

import (
	"fmt"
	"io"
	"strings"

	"tutor/explain"
)

// Text prints a page for a terminal that is width columns wide, on a host whose cgroups are of that version: "v2", "v1", "hybrid".
func Text(w io.Writer, p Page, s explain.Style, width int, cgroups string) {
	if len(p.V1) > 0 && cgroups != "v2" {
		p.Hand = p.V1
	}
	var b strings.Builder
	b.WriteString(s.Heading(p.Name) + "\n")
	if len(p.Also) > 0 {
		b.WriteString(explain.Fold("also: "+strings.Join(p.Also, ", "), width, "  ") + "\n")
	}
	b.WriteString("\n" + explain.Fold(p.What, width, "  ") + "\n")
	section := func(title, text string) { b.WriteString("\n" + s.Heading(title) + "\n" + text + "\n") }
	section("Why", explain.Fold(p.Why, width, "  "))
	if p.Entry != nil {
		section("In a start", p.entryText(width))
	}
	if p.Call != nil {
		section("The call", p.callText(width))
	}
	section("By hand"+p.place(), shellText(p.Hand, width))
	section("With tutor"+p.person(), shellText([]string{p.Command}, width)+"\n"+explain.Fold("To see: "+p.Look, width, "  "))
	section("Read", explain.Fold(strings.Join(p.Read, "; ")+fmt.Sprintf("; lab %d", p.Lab), width, "  "))
	section("See also", explain.Fold(strings.Join(p.See, ", "), width, "  "))
	io.WriteString(w, b.String())
}

// ThrowAway is the shell in which lines that are safe may be typed.
const ThrowAway = "sudo unshare -muinpCf --mount-proc sh"

func (p Page) place() string {
	if p.Safe {
		return ", in a throw-away shell: " + ThrowAway
	}
	return ", as root on the host"
}

func (p Page) person() string {
	if p.Terminal {
		return ", at a terminal, as root"
	}
	return ", as root"
}

// entryText is what the Op says; its reason only if the page has given another.
func (p Page) entryText(width int) string {
	e := p.Entry
	text := fmt.Sprintf("Entry %q, by the %s's hand, lab %d.", e.Name, e.By, e.Lab)
	if p.Why != e.Why {
		text += " Its reason: " + e.Why + "."
	}
	if e.LeftOut != "" {
		text += " Left out: " + e.LeftOut + "."
	}
	if len(e.Calls) > 0 {
		text += " System calls: " + strings.Join(e.Calls, ", ") + "."
	}
	text = explain.Fold(text, width, "  ")
	if e.Shell != "" && (len(p.Hand) != 1 || p.Hand[0] != e.Shell) {
		text += "\n" + shellText([]string{e.Shell}, width)
	}
	return text
}

func (p Page) callText(width int) string {
	c := p.Call
	text := explain.Fold(c.Signature, width, "    ") + "\n" + explain.Fold("In a trace: "+c.Example, width, "  ") + "\n" +
		explain.Fold("Used by: "+strings.Join(c.UsedBy, ", "), width, "  ")
	for _, e := range c.Errors {
		text += "\n" + explain.Fold(e.Errno+": "+e.Meaning, width, "  ")
	}
	return text
}

// List prints the names of all topics.
func List(w io.Writer, b Book, s explain.Style, width int) {
	var text strings.Builder
	for _, section := range b.Sections() {
		text.WriteString(s.Heading(section.Title) + "\n" + explain.Fold(strings.Join(section.Names, ", "), width, "  ") + "\n")
	}
	io.WriteString(w, text.String())
}

// shellText indents shell lines. One that is too long becomes several, and can still be typed as it stands: its
// comment goes above it, a semicolon becomes the end of a line, and where there is none the line goes on after a
// backslash.
func shellText(lines []string, width int) string {
	const indent = "    "
	var out []string
	for _, line := range lines {
		line = indent + line
		if command, comment, found := strings.Cut(line, "   # "); found && explain.Columns(line) > width {
			out, line = append(out, indent+"# "+comment), command
		}
		for explain.Columns(line) > width {
			space, semicolon := breaks(line, width-1)
			if semicolon > 0 {
				out = append(out, line[:semicolon])
				line = indent + line[semicolon+len("; "):]
				continue
			}
			if space == 0 {
				break
			}
			out = append(out, line[:space]+`\`)
			line = indent + "  " + line[space:]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// breaks are the last places within limit columns at which a shell line can be broken: after a space, and before
// a semicolon. No quotes are around either; 0: there is none.
func breaks(line string, limit int) (space, semicolon int) {
	quote, column := rune(0), 0
	for i, c := range line {
		if column++; column > limit {
			break
		}
		if quote != 0 {
			if c == quote {
				quote = 0
			}
			continue
		}
		if c == '\'' || c == '"' {
			quote = c
		}
		if c == ' ' && strings.TrimSpace(line[:i]) != "" {
			space = i + 1
		}
		if strings.HasPrefix(line[i:], "; ") {
			semicolon = i
		}
	}
	return space, semicolon
}
