package plugin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The examples of README.md compile together, and their tests pass: files and
// changes of files, laid over the module.
func TestExamplesOfTheArchitecture(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := examples(root, string(text))
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	dir := t.TempDir()
	var tested []string
	for name, code := range files {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(root, name)] = file
		if strings.HasSuffix(name, "_test.go") {
			tested = append(tested, "./"+filepath.Dir(name))
		}
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(dir, name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	packages := []string{"./cmd", "./ops/builtin"}
	for name := range files {
		packages = append(packages, "./"+filepath.Dir(name))
	}
	slices.Sort(packages)
	run(root, "go", append([]string{"build", "-overlay", file}, slices.Compact(packages)...)...)
	for _, pkg := range tested {
		binary := filepath.Join(dir, "example.test")
		run(root, "go", "test", "-c", "-vet=off", "-overlay", file, "-o", binary, pkg)
		run(dir, binary)
	}
}

// examples are the files of the page's examples: new ones and changed ones.
func examples(root, page string) (map[string]string, error) {
	files := map[string]string{}
	name := ""
	for _, part := range regexp.MustCompile("(?s)`([a-z_/]+\\.go)`|```(go|diff)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		switch kind, body := part[2], part[3]; {
		case part[1] != "":
			name = part[1]
		case name == "":
			return nil, errors.New("an example does not name its file")
		case kind == "go":
			files[name] = body
		default:
			if files[name] == "" {
				text, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					return nil, err
				}
				files[name] = string(text)
			}
			changed, err := change(files[name], body)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			files[name] = changed
		}
	}
	return files, nil
}

// change applies a diff whose lines of context are beginnings of consecutive
// lines of text.
func change(text, diff string) (string, error) {
	lines, hunk := strings.Split(text, "\n"), strings.Split(strings.TrimSuffix(diff, "\n"), "\n")
	for at := range lines {
		var changed []string
		next := at
		for _, h := range hunk {
			switch {
			case h[0] == '+':
				changed = append(changed, h[1:])
				continue
			case next == len(lines) || !strings.HasPrefix(lines[next], h[1:]):
				next = -1
			case h[0] == ' ':
				changed = append(changed, lines[next])
			}
			if next++; next == 0 {
				break
			}
		}
		if next > 0 {
			return strings.Join(slices.Concat(lines[:at], changed, lines[next:]), "\n"), nil
		}
	}
	return "", fmt.Errorf("does not have the context of\n%s", diff)
}

// Every package has a rule of layers and stands among the rooms of README.md;
// packages that help tests need not.
func TestEveryPackageHasItsPlace(t *testing.T) {
	rules, err := os.ReadFile("../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rooms, _ := strings.Cut(string(page), "## Rooms")
	rooms, _, _ = strings.Cut(rooms, "## A photo")
	list := exec.Command("go", "list", "-f", "{{.ImportPath}}", "./...")
	list.Dir = ".."
	packages, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(packages)) {
		folder := strings.TrimPrefix(pkg, "github.com/burnish-photo/burnish/")
		if !strings.Contains(string(rules), `"**/`+folder+`/*.go"`) {
			t.Errorf("%s has no rule layer-… in .golangci.yml", folder)
		}
		name := path.Base(folder)
		if !strings.HasSuffix(name, "test") && !regexp.MustCompile(`\b`+name+`\b`).MatchString(rooms) {
			t.Errorf("%s is not among the rooms of README.md", folder)
		}
	}
}

// Limits that keep a package and a type readable: files of a package, tests
// apart, and methods of a type. cmd has a file for each subcommand.
const (
	maxFiles   = 15
	maxMethods = 25
)

func TestPackagesAndTypesStaySmall(t *testing.T) {
	files, methods := map[string]int{}, map[string]int{}
	for _, root := range []string{"../plugin", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			folder := filepath.Dir(path)
			files[folder]++
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, d := range parsed.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
					methods[folder+"."+receiver(f.Recv.List[0].Type)]++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 20 {
		t.Errorf("looked at %d packages only", len(files))
	}
	for folder, n := range files {
		if n > maxFiles && folder != "../cmd" {
			t.Errorf("%s has %d files, want at most %d", folder, n, maxFiles)
		}
	}
	for name, n := range methods {
		if n > maxMethods {
			t.Errorf("%s has %d methods, want at most %d", name, n, maxMethods)
		}
	}
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
