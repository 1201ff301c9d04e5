package toolbox

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// subshellMark is a variable that is set inside ( … ), $( … ) and pipes, where exec must not replace the shell.
const subshellMark = "__subshell"

// lastBackground is the variable behind $!.
const lastBackground = "__last_background"

// shellPID is the variable behind $$: in a background command it is still the first shell's PID.
const shellPID = "__shell_pid"

// special are the parameters that the interpreter would fill in wrongly, and the variables that hold the truth.
var special = map[string]string{"!": lastBackground, "$": shellPID}

// rewrite changes a parsed program where the interpreter would do something else than a shell with processes:
//
//	CMD &        becomes  '&' 'CMD' "$-" "$@"     a command of ours that starts a real process (background)
//	$! and $$    become   ${__last_background} and ${__shell_pid}
//	( … )        becomes  ( declare __subshell=1; … ), and so do $( … ) and the parts of a pipe
//
// The program's text is otherwise left as it is.
func rewrite(program syntax.Node) {
	var later []func() // marks go in after the walk, so that they are not walked over
	syntax.Walk(program, func(node syntax.Node) bool {
		switch n := node.(type) {
		case *syntax.Stmt:
			if n.Background {
				inBackground(n)
			}
		case *syntax.Subshell:
			later = append(later, func() { n.Stmts = marked(n.Stmts) })
		case *syntax.CmdSubst:
			if len(n.Stmts) != 1 || n.Stmts[0].Cmd != nil { // $(<file) must stay alone
				later = append(later, func() { n.Stmts = marked(n.Stmts) })
			}
		case *syntax.ProcSubst:
			later = append(later, func() { n.Stmts = marked(n.Stmts) })
		case *syntax.BinaryCmd:
			if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
				later = append(later, func() { n.X, n.Y = part(n.X), part(n.Y) })
			}
		case *syntax.ParamExp:
			if name, ok := special[n.Param.Value]; ok && !n.Excl {
				n.Short, n.Param.Value = false, name
			}
		}
		return true
	})
	for _, do := range later {
		do()
	}
}

// rewriteText does it to a program that is still text: eval's, and what traps run.
func rewriteText(text string) string {
	file, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return text // whoever runs it reports that
	}
	rewrite(file)
	return printed(file)
}

func printed(node syntax.Node) string {
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, node); err != nil {
		return ""
	}
	return b.String()
}

func inBackground(st *syntax.Stmt) {
	foreground := *st
	foreground.Background = false
	text := printed(&foreground)
	call := words(quote("&") + " " + quote(text) + ` "$-" "$@"`)
	*st = syntax.Stmt{Position: st.Position, Cmd: &syntax.CallExpr{Args: call}}
}

// words parses text into words.
func words(text string) []*syntax.Word {
	var all []*syntax.Word
	for w, err := range syntax.NewParser().WordsSeq(strings.NewReader(text)) {
		if err != nil {
			return all
		}
		all = append(all, w)
	}
	return all
}

func literal(text string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: text}}}
}

// marked puts the mark before statements. "declare" is the one assignment that sh -x does not show.
func marked(statements []*syntax.Stmt) []*syntax.Stmt {
	mark := &syntax.DeclClause{
		Variant: &syntax.Lit{Value: "declare"},
		Args:    []*syntax.Assign{{Name: &syntax.Lit{Value: subshellMark}, Value: literal("1")}},
	}
	return append([]*syntax.Stmt{{Cmd: mark}}, statements...)
}

// part makes one side of a pipe a subshell; a side that is a pipe itself has parts of its own.
func part(st *syntax.Stmt) *syntax.Stmt {
	if b, ok := st.Cmd.(*syntax.BinaryCmd); ok && (b.Op == syntax.Pipe || b.Op == syntax.PipeAll) {
		return st
	}
	return &syntax.Stmt{Position: st.Position, Cmd: &syntax.Subshell{Stmts: marked([]*syntax.Stmt{st})}}
}
