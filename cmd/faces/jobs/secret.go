package jobs

import (
	"fmt"
	"io"
	"os"

	"github.com/burnish-photo/burnish/cmd/webhook"
)

// maxSecret bounds the file that holds a secret, in bytes.
const maxSecret = 4096

// Webhooks reads the secret that webhooks are signed with, and is the guard that
// lets them reach public addresses and the allowed hosts. Without a file there
// are no webhooks.
func Webhooks(secretFile string, allowed []string) (*webhook.Secret, *webhook.Guard, error) {
	guard, err := webhook.NewGuard(allowed)
	if err != nil {
		return nil, nil, fmt.Errorf("faces.jobs.allow_hosts: %w", err)
	}
	if secretFile == "" {
		return nil, guard, nil
	}
	f, err := os.Open(secretFile)
	if err != nil {
		return nil, nil, fmt.Errorf("faces.jobs.secret_file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return nil, nil, fmt.Errorf("faces.jobs.secret_file: %w", err)
	}
	secret, err := webhook.ParseSecret(string(text))
	if err != nil {
		return nil, nil, fmt.Errorf("faces.jobs.secret_file: %s: %w", secretFile, err)
	}
	return &secret, guard, nil
}
