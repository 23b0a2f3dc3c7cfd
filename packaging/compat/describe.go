package main

import (
	"bytes"
	"fmt"
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
)

const module = "github.com/burnish-photo/burnish/"

// promise is a package and the names in it that are promised; none are all.
type promise struct {
	pkg   string
	names []string
}

// describe lists the features of the promised names, from what the compiler
// exports.
func describe(all []promise) ([]string, error) {
	exports, err := exported(all)
	if err != nil {
		return nil, err
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(pkg string) (io.ReadCloser, error) { return os.Open(exports[pkg]) })
	d := description{aliases: map[string]string{}}
	var packages []*types.Package
	for _, p := range all {
		pkg, err := from.Import(module + p.pkg)
		if err != nil {
			return nil, err
		}
		packages = append(packages, pkg)
		d.alias(pkg)
	}
	for i, p := range all {
		for _, name := range packages[i].Scope().Names() {
			if token.IsExported(name) && (len(p.names) == 0 || slices.Contains(p.names, name)) {
				d.object(packages[i].Scope().Lookup(name))
			}
		}
	}
	slices.Sort(d.lines)
	return slices.Compact(d.lines), nil
}

// exported are the files with what the compiler exports of the packages and of
// those that they use, by import path.
func exported(all []promise) (map[string]string, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}")
	for _, p := range all {
		list.Args = append(list.Args, module+p.pkg)
	}
	var failed bytes.Buffer
	list.Stderr = &failed
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, failed.String())
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if pkg, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[pkg] = file
		}
	}
	return files, nil
}

// description is what is known of an API.
type description struct {
	aliases map[string]string // names by which a promised package calls types of others, by full name
	lines   []string
}

func (d *description) add(format string, args ...any) {
	d.lines = append(d.lines, d.short(fmt.Sprintf(format, args...)))
}

// alias finds the types of others that a package has names of its own for.
func (d *description) alias(pkg *types.Package) {
	for _, name := range pkg.Scope().Names() {
		t, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || !t.IsAlias() || !t.Exported() {
			continue
		}
		if named, ok := types.Unalias(t.Type()).(*types.Named); ok && named.Obj().Pkg() != nil && !isPromised(named.Obj().Pkg().Path()) {
			d.aliases[named.Obj().Pkg().Path()+"."+named.Obj().Name()] = pkg.Path() + "." + name
		}
	}
}

func isPromised(pkg string) bool {
	return slices.ContainsFunc(promised, func(p promise) bool { return module+p.pkg == pkg })
}

var qualified = regexp.MustCompile(regexp.QuoteMeta(module) + `[a-z/]+\.[A-Za-z0-9_]+`)

// short is text with types by the names that a host uses, so that one may move
// from a package to another behind an alias.
func (d *description) short(text string) string {
	return qualified.ReplaceAllStringFunc(text, func(name string) string {
		if own, ok := d.aliases[name]; ok {
			name = own
		}
		return path.Base(name)
	})
}

func (d *description) text(t types.Type) string {
	return types.TypeString(types.Unalias(t), func(p *types.Package) string { return p.Path() })
}

// object describes what a name stands for.
func (d *description) object(o types.Object) {
	name := o.Pkg().Path() + "." + o.Name()
	switch o := o.(type) {
	case *types.Const:
		value := o.Val().ExactString()
		if o.Val().Kind() == constant.Float {
			value = o.Val().String()
		}
		d.add("const %s %s = %s", name, d.text(o.Type()), value)
	case *types.Var:
		d.add("var %s %s", name, d.text(o.Type()))
	case *types.Func:
		d.add("func %s%s", name, d.signature(o))
	case *types.TypeName:
		d.named(name, types.Unalias(o.Type()))
	}
}

func (d *description) signature(f *types.Func) string {
	s := f.Signature()
	var parameters, results []string
	for i := range s.Params().Len() {
		text := d.text(s.Params().At(i).Type())
		if s.Variadic() && i == s.Params().Len()-1 {
			text = "..." + strings.TrimPrefix(text, "[]")
		}
		parameters = append(parameters, text)
	}
	for i := range s.Results().Len() {
		results = append(results, d.text(s.Results().At(i).Type()))
	}
	text := "(" + strings.Join(parameters, ", ") + ")"
	switch len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	}
	return text + " (" + strings.Join(results, ", ") + ")"
}

// named describes a type: its kind, fields and methods.
func (d *description) named(name string, t types.Type) {
	switch under := t.Underlying().(type) {
	case *types.Struct:
		d.add("type %s struct", name)
		for i := range under.NumFields() {
			if f := under.Field(i); f.Exported() {
				d.add("field %s %s %s", name, f.Name(), d.text(f.Type()))
			}
		}
	case *types.Interface:
		var methods []string
		for i := range under.NumMethods() {
			methods = append(methods, under.Method(i).Name()+d.signature(under.Method(i)))
		}
		slices.Sort(methods)
		d.add("type %s interface{ %s }", name, strings.Join(methods, "; "))
		return
	default:
		d.add("type %s %s", name, d.text(under))
	}
	direct := types.NewMethodSet(t)
	for m := range types.NewMethodSet(types.NewPointer(t)).Methods() {
		f := m.Obj().(*types.Func)
		if !f.Exported() {
			continue
		}
		receiver := "*" + name
		if direct.Lookup(f.Pkg(), f.Name()) != nil {
			receiver = name
		}
		d.add("method (%s) %s%s", receiver, f.Name(), d.signature(f))
	}
}
