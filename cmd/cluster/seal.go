package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// Seal encrypts payloads on their way with a key that owners and workers share, so
// that servers in between see none of them. The zero value does not.
type Seal struct{ identity *age.X25519Identity }

// OpenSeal reads the key from a file, an age identity as age-keygen writes it; ""
// is no key.
func OpenSeal(file string) (Seal, error) {
	if file == "" {
		return Seal{}, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return Seal{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Seal{}, fmt.Errorf("%s must be its owner's alone, and may be read by others: chmod 600 %s", file, file)
	}
	f, err := os.Open(file)
	if err != nil {
		return Seal{}, err
	}
	defer f.Close()
	all, err := age.ParseIdentities(io.LimitReader(f, 64<<10))
	if err != nil {
		return Seal{}, fmt.Errorf("%s: %w", file, err)
	}
	if len(all) == 1 {
		if identity, ok := all[0].(*age.X25519Identity); ok {
			return Seal{identity}, nil
		}
	}
	return Seal{}, fmt.Errorf("%s must hold one age identity: make one with age-keygen", file)
}

// Seal gives the encrypted bytes of r.
func (s Seal) Seal(r io.Reader) (io.ReadCloser, error) {
	if s.identity == nil {
		return io.NopCloser(r), nil
	}
	out, in := io.Pipe()
	go func() {
		w, err := age.Encrypt(in, s.identity.Recipient())
		if err == nil {
			_, err = io.Copy(w, r)
			err = errors.Join(err, w.Close())
		}
		in.CloseWithError(err)
	}()
	return out, nil
}

// Open gives the bytes that were encrypted.
func (s Seal) Open(r io.Reader) (io.Reader, error) {
	if s.identity == nil {
		return r, nil
	}
	return age.Decrypt(r, s.identity)
}
