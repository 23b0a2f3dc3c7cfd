package cmd

type resumeCommand struct{ stateOption }

// Help is shown by burnish resume --help.
func (resumeCommand) Help() string { return "Example: burnish resume -c burnish.yaml" }

// Run ends a pause.
func (p *resumeCommand) Run(h *host) error { return pause(h, p.stateOption, false) }
