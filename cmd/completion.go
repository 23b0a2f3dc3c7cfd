package cmd

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// The scripts ask burnish complete for the words, and fall back to files.
var (
	//go:embed completion/burnish.bash
	bashCompletion string
	//go:embed completion/burnish.zsh
	zshCompletion string
	//go:embed completion/burnish.fish
	fishCompletion string
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown by burnish completion --help.
func (completionCommand) Help() string {
	return `The Debian package installs all three. To try one in the current shell:

  source <(burnish completion bash)
  source <(burnish completion zsh)
  burnish completion fish | source

To install it:

  burnish completion bash > ~/.local/share/bash-completion/completions/burnish
  burnish completion zsh > "${fpath[1]}/_burnish"
  burnish completion fish > ~/.config/fish/completions/burnish.fish`
}

// Run prints the script.
func (c *completionCommand) Run(h *host) error {
	script := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	_, err := fmt.Fprint(h.out, script)
	return err
}

// completeCommand prints a line for each word that may stand where the last of
// the words does, with its description behind a tab. Nothing is printed where
// any file may stand.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"Command line up to the cursor, without burnish."`
}

// Run prints the candidates.
func (c *completeCommand) Run(h *host) error {
	parser, err := newParser(&commands{}, func(int) {})
	if err != nil {
		return err
	}
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, w := range candidates(parser.Model.Node, words, h.operands()) {
		fmt.Fprintln(h.out, w)
	}
	return nil
}

// operands are the words that arguments and flags take which are no files and
// no enums, by command and argument, or by flag.
func (h *host) operands() map[string][]string {
	return map[string][]string{
		"ops <name>":      h.registry.Names(),
		"--model":         tools.Version().Models,
		"--preset":        {"fast", "balanced", "reference"},
		"--device":        {"auto", "cpu", "cuda:0"},
		"--allow-formats": {"bmp", "jp2", "jxl", "pdf", "psd", "svg"},
	}
}

// candidates are the words that may stand in place of the last one.
func candidates(node *kong.Node, words []string, operands map[string][]string) (all []string) {
	var last string
	if len(words) > 0 {
		words, last = words[:len(words)-1], words[len(words)-1]
	}
	flags := slices.Clone(node.Flags)
	var pending *kong.Flag // it takes a value
	arguments := 0
	for _, w := range words {
		switch {
		case pending != nil:
			pending = nil
		case strings.HasPrefix(w, "-"):
			pending = flagOf(flags, w)
		case len(node.Children) > 0:
			if i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == w }); i >= 0 && node.Name != "help" {
				node = node.Children[i]
				flags = append(flags, node.Flags...)
			}
		default:
			arguments++
		}
	}
	add := func(word, help string) {
		if strings.HasPrefix(word, last) {
			all = append(all, word+"\t"+help)
		}
	}
	switch name, value, assigned := strings.Cut(last, "="); {
	case pending != nil:
		for _, w := range append(enumOf(pending.Value), operands["--"+pending.Name]...) {
			add(w, "")
		}
	case assigned && strings.HasPrefix(last, "--"):
		if f := flagOf(flags, name); f != nil {
			for _, w := range append(enumOf(f.Value), operands[name]...) {
				if strings.HasPrefix(w, value) {
					all = append(all, name+"="+w+"\t")
				}
			}
		}
	case strings.HasPrefix(last, "-"):
		for _, f := range flags {
			if !f.Hidden {
				add("--"+f.Name, brief(f.Help))
			}
		}
	case len(node.Children) > 0:
		addCommands(node, add)
		if node.DefaultCmd != nil && len(node.DefaultCmd.Positional) > 0 {
			for _, w := range operands[node.Name+" <"+node.DefaultCmd.Positional[0].Name+">"] {
				add(w, "")
			}
		}
	case node.Name == "help":
		addCommands(node.Parent, add)
	case arguments < len(node.Positional):
		p := node.Positional[arguments]
		for _, w := range append(enumOf(p), operands[node.Name+" <"+p.Name+">"]...) {
			add(w, "")
		}
	}
	return all
}

func addCommands(node *kong.Node, add func(word, help string)) {
	for _, c := range node.Children {
		if !c.Hidden {
			add(c.Name, brief(c.Help))
		}
	}
}

// flagOf is the flag that a word names and that takes its value from the next
// word, or from behind "="; nil for others.
func flagOf(flags []*kong.Flag, word string) *kong.Flag {
	for _, f := range flags {
		if (word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short)) && !f.IsBool() {
			return f
		}
	}
	return nil
}

func enumOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(v.EnumMap())), func(w string) bool { return w == "" })
}

// brief is the first clause of a help text.
func brief(help string) string {
	end := strings.IndexAny(help, ".;\n")
	return cmp.Or(strings.TrimSpace(help[:max(end, 0)]), help)
}
