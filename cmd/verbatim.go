package cmd

import (
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// verbatim reads strings as they were given. Kong's own mapper passes them
// through JSON, which replaces the bytes of file names that are not UTF-8.
var verbatim = kong.KindMapper(reflect.String, kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	text, ok := token.Value.(string)
	if !ok {
		text = fmt.Sprint(token.Value)
	}
	target.SetString(text)
	return nil
}))
