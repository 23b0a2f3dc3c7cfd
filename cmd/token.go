package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/burnish-photo/burnish/cmd/serve/token"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Create a token and print it, once."`
	List   tokenListCommand   `cmd:"" help:"List the tokens."`
	Revoke tokenRevokeCommand `cmd:"" help:"Revoke a token."`
}

// Help is shown by burnish token --help.
func (tokenCommand) Help() string {
	return `Tokens let people and programs use the page and the HTTP API of the daemon: with the scope read from other machines, with act to change anything. No request takes photos yet, for which submit is meant. The state folder holds their hashes only. A running daemon takes changes up at once.`
}

type tokenCreateCommand struct {
	stateOption
	Name    string        `arg:"" help:"Name of the token, for the list and the log."`
	Scope   []string      `default:"read" enum:"read,act,submit" placeholder:"SCOPE" help:"What it permits: read, act, submit, or several with commas; default: read."`
	Expires time.Duration `placeholder:"DURATION" help:"How long it is valid, such as 720h; default: until it is revoked."`
}

// Help is shown by burnish token create --help.
func (tokenCreateCommand) Help() string {
	return `Prints the token on standard output. It is shown once and stored nowhere, only its hash is. Programs send it as "Authorization: Bearer TOKEN"; on the page it is entered to sign in.

Examples:
  burnish token create anna --scope read,act
  burnish token create prometheus --expires 8760h > /etc/prometheus/burnish.token`
}

// Run creates a token.
func (c *tokenCreateCommand) Run(h *host) error {
	store, err := c.tokens(h)
	if err != nil {
		return err
	}
	var expires time.Time
	switch {
	case c.Expires < 0:
		return fmt.Errorf("--expires must be positive, got %s", c.Expires)
	case c.Expires > 0:
		expires = time.Now().Add(c.Expires).Truncate(time.Second)
	}
	t, secret, err := store.Create(c.Name, c.Scope, expires)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(h.out, secret); err != nil {
		return errors.Join(err, store.Revoke(c.Name))
	}
	fmt.Fprintf(h.err, "token %s may %s%s; it is shown this once\n", t.Name, strings.Join(t.Scopes, ", "), until(t))
	return nil
}

func until(t token.Token) string {
	if t.Expires.IsZero() {
		return ""
	}
	return " until " + t.Expires.Local().Format(time.DateTime)
}

// tokens are those of the daemon that the options name.
func (s stateOption) tokens(h *host) (*token.Store, error) {
	dir, err := s.dir(h)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if os.Geteuid() == 0 { // of whom it is to be, the service knows
			return nil, fmt.Errorf("state folder %s does not exist: start the daemon once", dir)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return token.At(dir), nil
}

type tokenListCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print a JSON object per line."`
}

// Run lists the tokens.
func (c *tokenListCommand) Run(h *host) error {
	store, err := c.tokens(h)
	if err != nil {
		return err
	}
	all, err := store.List()
	if err != nil {
		return err
	}
	if c.JSON {
		for _, t := range all {
			t.Hash = ""
			if err := json.NewEncoder(h.out).Encode(t); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(h.out, 0, 0, 2, ' ', 0)
	for _, t := range all {
		state := until(t)
		if t.Expired(time.Now()) {
			state = " expired"
		}
		fmt.Fprintf(table, "%s\t%s\tcreated %s\t%s\n", t.Name, strings.Join(t.Scopes, ","), t.Created.Local().Format(time.DateOnly), strings.TrimSpace(state))
	}
	return table.Flush()
}

type tokenRevokeCommand struct {
	stateOption
	Name []string `arg:"" help:"Names of tokens."`
}

// Run revokes tokens.
func (c *tokenRevokeCommand) Run(h *host) error {
	store, err := c.tokens(h)
	if err != nil {
		return err
	}
	for _, name := range c.Name {
		if err := store.Revoke(name); err != nil {
			return err
		}
		fmt.Fprintf(h.err, "token %s revoked\n", name)
	}
	return nil
}
