package cmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// manualCommand prints a manual page as Markdown. Packages are built with it:
// what it prints is the command line as this binary reads it.
type manualCommand struct {
	Command string `arg:"" optional:"" help:"Command to describe; default: burnish itself."`
	List    bool   `help:"Print the names of all commands instead."`
}

// Run prints the page.
func (m *manualCommand) Run(h *host) error {
	parser, err := newParser(&commands{}, func(int) {})
	if err != nil {
		return err
	}
	root := parser.Model.Node
	visible := slices.DeleteFunc(slices.Clone(root.Children), func(n *kong.Node) bool { return n.Hidden })
	if m.List {
		for _, n := range visible {
			fmt.Fprintln(h.out, n.Name)
		}
		return nil
	}
	if m.Command == "" {
		manualOfAll(h.out, root, visible)
		return nil
	}
	i := slices.IndexFunc(visible, func(n *kong.Node) bool { return n.Name == m.Command })
	if i < 0 {
		return fmt.Errorf("no command %q: burnish manual --list names them", m.Command)
	}
	manualOf(h.out, visible[i])
	return nil
}

// manualOfAll prints the page of burnish itself.
func manualOfAll(out io.Writer, root *kong.Node, visible []*kong.Node) {
	fmt.Fprintf(out, "# NAME\n\nburnish - restore JPEG-compressed photos\n\n")
	fmt.Fprintf(out, "# SYNOPSIS\n\n**burnish** *command* [*flags*] [*arguments*]\n\n")
	fmt.Fprintf(out, "# DESCRIPTION\n\n%s\n\n# COMMANDS\n\n", markdownText(root.Help))
	for _, n := range visible {
		fmt.Fprintf(out, "**burnish %s**\n: %s\n\n", n.Name, markdownText(n.Help))
	}
	fmt.Fprintf(out, "Each command has a page of its own: **man burnish-restore** describes **burnish restore**.\n\n")
	fmt.Fprintf(out, "# OPTIONS\n\n")
	manualFlags(out, root.Flags)
	fmt.Fprint(out, manualRest)
}

// manualRest is what holds for every command.
const manualRest = `# FILES

*burnish.yaml*
: The configuration, searched in this order: **-c** *FILE*, **$BURNISH_CONFIG**, *./burnish.yaml*, *~/.config/burnish/burnish.yaml*, */etc/burnish/burnish.yaml*. See burnish.yaml(5).

*~/.local/state/burnish*
: Ledger, control socket, trash and quarantine, unless **state_dir** names another folder. The installed service uses */var/lib/burnish/state*.

# ENVIRONMENT

**BURNISH_CONFIG**
: Configuration file, if **-c** does not name one.

**XDG_CONFIG_HOME**, **XDG_STATE_HOME**
: Folders that replace *~/.config* and *~/.local/state*.

**BURNISH_ONNXRUNTIME**
: Path of *libonnxruntime.so*, if **restore.runtime.library** does not name one.

# EXIT STATUS

0
: Done.

1
: Some photos failed, or an examination found faults.

2
: The command could not do its work.

130
: Interrupted, with work left to do.

# SEE ALSO

burnish.yaml(5), burnish-operators(7), systemctl(1)
`

// manualOf prints the page of one command.
func manualOf(out io.Writer, n *kong.Node) {
	help := strings.TrimSuffix(n.Help, ".")
	fmt.Fprintf(out, "# NAME\n\nburnish-%s - %s\n\n", n.Name, markdownText(strings.ToLower(help[:1])+help[1:]))
	fmt.Fprintf(out, "# SYNOPSIS\n\n**burnish %s**%s\n\n", n.Name, manualUsage(n))
	fmt.Fprintf(out, "# DESCRIPTION\n\n%s\n\n", markdownText(cmp.Or(n.Detail, n.Help)))
	manualArguments(out, "# ARGUMENTS", n)
	if slices.ContainsFunc(n.Flags, visibleFlag) {
		fmt.Fprintf(out, "# OPTIONS\n\n")
		manualFlags(out, n.Flags)
	}
	for i, sub := range n.Children {
		if i == 0 {
			fmt.Fprintf(out, "# COMMANDS\n\n")
		}
		fmt.Fprintf(out, "### burnish %s %s\n\n", n.Name, sub.Name)
		fmt.Fprintf(out, "**burnish %s %s**%s\n\n%s\n\n", n.Name, sub.Name, manualUsage(sub), markdownText(sub.Help))
		if sub.Detail != "" {
			fmt.Fprintf(out, "%s\n\n", markdownText(sub.Detail))
		}
		manualArguments(out, "", sub)
		manualFlags(out, sub.Flags)
	}
	fmt.Fprintf(out, "# SEE ALSO\n\nburnish(1), burnish.yaml(5)\n")
}

// manualUsage is what follows the name of a command: flags that it needs, and
// its arguments.
func manualUsage(n *kong.Node) string {
	if len(n.Children) > 0 {
		return " *command* [*flags*]"
	}
	var b strings.Builder
	for _, f := range n.Flags {
		if f.Required {
			b.WriteString(" " + manualFlag(f))
		}
	}
	b.WriteString(" [*flags*]")
	for _, p := range n.Positional {
		word := "*" + markdownText(p.Name) + "*"
		if p.IsCumulative() {
			word += " ..."
		}
		if !p.Required {
			word = "[" + word + "]"
		}
		b.WriteString(" " + word)
	}
	return b.String()
}

// manualFlag is a flag with its value.
func manualFlag(f *kong.Flag) string {
	name := "**--" + f.Name + "**"
	if !f.IsBool() && !f.IsCounter() {
		name += "=*" + markdownText(f.FormatPlaceHolder()) + "*"
	}
	return name
}

// manualArguments describes the arguments of a command, below a heading.
func manualArguments(out io.Writer, heading string, n *kong.Node) {
	if len(n.Positional) > 0 && heading != "" {
		fmt.Fprintf(out, "%s\n\n", heading)
	}
	for _, p := range n.Positional {
		fmt.Fprintf(out, "*%s*\n: %s\n\n", markdownText(p.Name), markdownText(p.Help))
	}
}

func visibleFlag(f *kong.Flag) bool { return !f.Hidden }

// manualFlags describes the flags of a command.
func manualFlags(out io.Writer, flags []*kong.Flag) {
	for _, f := range flags {
		if !visibleFlag(f) {
			continue
		}
		name := manualFlag(f)
		if f.Short != 0 {
			name = fmt.Sprintf("**-%c**, %s", f.Short, name)
		}
		fmt.Fprintf(out, "%s\n: %s\n\n", name, markdownText(f.Help))
	}
}

// markdownText is plain text as Markdown: paragraphs stay, and indented lines
// become blocks of code.
func markdownText(text string) string {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, "`", "\\`", `<`, `\<`, `[`, `\[`, `#`, `\#`)
	var b strings.Builder
	code := false
	for line := range strings.Lines(strings.TrimSpace(text)) {
		switch indented := strings.HasPrefix(line, "  "); {
		case strings.TrimSpace(line) == "":
			b.WriteString("\n")
		case indented:
			if !code {
				b.WriteString("\n")
			}
			code = true
			b.WriteString("    " + strings.TrimPrefix(line, "  "))
		default:
			if code {
				b.WriteString("\n")
			}
			code = false
			b.WriteString(escape.Replace(line))
		}
	}
	return b.String()
}
