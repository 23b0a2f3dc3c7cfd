// Package condition decides by facts of a photo: whether a step is to run. It
// reads an expression, finds its faults before any photo comes, and looks up
// only the facts that the expression names. It knows no steps but by their ids.
package condition

import (
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/expression"
)

// Condition is a compiled expression. It may decide on several photos at a time.
type Condition struct {
	expression *expression.Expression[environment]
}

// Compile reads an expression that is true or false. steps are the ids that
// ran() may ask for. Names of files and folders are compared in Unicode's
// composed form (NFC), in whichever the expression is written. Its error is an
// [*expression.Error].
func Compile(text string, steps []string) (*Condition, error) {
	x, err := expression.Compile[environment](text, expression.Function{
		Name: "ran", Usage: `ran() takes the id of a step in quotes: ran("ID")`,
		Check: func(id string) error {
			if !slices.Contains(steps, id) {
				return fmt.Errorf("no step above has the id %q%s", id, diag.Suggest(id, steps))
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &Condition{x}, nil
}

// String is the expression as it was written.
func (c *Condition) String() string { return c.expression.String() }

// Canonical is the expression in one form, with the ids of steps renamed.
func (c *Condition) Canonical(rename func(id string) string) string {
	return c.expression.Canonical("ran", rename)
}

// DependsOnPath reports whether the decision can be another for a photo of the
// same content elsewhere: it asks for the folder, the file's name or the date.
func (c *Condition) DependsOnPath() bool {
	return slices.ContainsFunc(c.expression.Names(), func(n string) bool { return slices.Contains(byPath, n) })
}

// byPath are the facts that a photo of the same content may have otherwise elsewhere.
var byPath = []string{"folder", "file", "date"}

// AsksWhatRan reports whether the decision depends on earlier ones.
func (c *Condition) AsksWhatRan() bool { return slices.Contains(c.expression.Names(), "ran") }

// Holds decides on one photo. ran tells whether a step has changed it.
func (c *Condition) Holds(f *Facts, ran func(id string) bool) (bool, error) {
	e := environment{Ran: ran}
	if err := f.fill(&e, c.expression.Names()); err != nil {
		return false, fmt.Errorf("when: %s: %w", c, err)
	}
	holds, err := c.expression.Holds(e)
	if err != nil {
		return false, fmt.Errorf("when: %w", err)
	}
	return holds, nil
}

// Told lists the facts that decide, as "width 4000, jpeg.quality 40".
func (c *Condition) Told(f *Facts) string {
	e := environment{}
	if err := f.fill(&e, c.expression.Names()); err != nil {
		return ""
	}
	return c.expression.Told(e)
}

// environment is what an expression sees.
type environment struct {
	Width       int                  `expr:"width"`
	Height      int                  `expr:"height"`
	Megapixels  float64              `expr:"megapixels"`
	Format      string               `expr:"format"`
	Bands       int                  `expr:"bands"`
	JPEG        compression          `expr:"jpeg"`
	Damage      float64              `expr:"damage"`
	Camera      camera               `expr:"camera"`
	Orientation int                  `expr:"orientation"`
	Folder      string               `expr:"folder"`
	File        string               `expr:"file"`
	Date        string               `expr:"date"`
	Ran         func(id string) bool `expr:"ran"`
}

type compression struct {
	Quality     int    `expr:"quality"`
	Subsampling string `expr:"subsampling"`
	Progressive bool   `expr:"progressive"`
}

type camera struct {
	Make  string `expr:"make"`
	Model string `expr:"model"`
}
