// Command burnish restores JPEG-damaged photos. A build with operators of its
// own is this file with their specs added to the list.
package main

import (
	"os"

	"github.com/burnish-photo/burnish/cmd"
	"github.com/burnish-photo/burnish/ops/builtin"
)

func main() { os.Exit(cmd.Main(builtin.Specs()...)) }
