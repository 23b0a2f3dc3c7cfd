package cmd

import "github.com/burnish-photo/burnish/config"

type schemaCommand struct{}

// Help is shown by burnish schema --help.
func (schemaCommand) Help() string {
	return `Editors use it to complete and validate a configuration. With the YAML language server, begin the file with:

  # yaml-language-server: $schema=burnish.schema.json

Example: burnish schema > burnish.schema.json`
}

// Run prints the schema of configuration files.
func (schemaCommand) Run(h *host) error { return printJSON(h.out, config.Schema(h.registry)) }
