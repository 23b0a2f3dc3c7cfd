// Package token keeps who may use a daemon's site: named tokens with scopes, in
// a file that holds their hashes alone.
//
// A token is 256 random bits, so that nobody can guess one, or find it by its
// SHA-256. A slow hash, as passwords need it, would protect nothing more and
// would let strangers keep the daemon busy.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Prefix begins every token, so that scanners find one that leaked.
const Prefix = "burnish_"

// Token is what is kept of a token.
type Token struct {
	Name    string    `json:"name"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Hash    string    `json:"hash,omitempty"`   // SHA-256 of the whole text, in hexadecimal
}

// Expired reports whether the token has run out.
func (t Token) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// Has reports whether the token has the scope.
func (t Token) Has(scope string) bool { return slices.Contains(t.Scopes, scope) }

// Scopes are what a token may be for.
func Scopes() []string { return []string{"read", "act", "submit"} }

var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// New makes a token. The secret is told here alone.
func New(name string, scopes []string, expires time.Time) (t Token, secret string, err error) {
	if !names.MatchString(name) {
		return t, "", fmt.Errorf("the name of a token must be 1 to 64 letters, digits and . _ @ -, and begin with a letter or digit, got %q", name)
	}
	if len(scopes) == 0 {
		return t, "", errors.New("a token must have a scope: " + strings.Join(Scopes(), ", "))
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return t, "", fmt.Errorf("the scope of a token must be one of %s, got %q", strings.Join(Scopes(), ", "), s)
		}
	}
	secret = Prefix + Secret()
	scopes = slices.Clone(scopes)
	slices.Sort(scopes)
	return Token{Name: name, Scopes: slices.Compact(scopes), Created: time.Now().UTC().Truncate(time.Second), Expires: expires.UTC(), Hash: Hash(secret)}, secret, nil
}

// Secret is 256 random bits as text.
func Secret() string {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // ends the process where there is no randomness
	return base64.RawURLEncoding.EncodeToString(bits)
}

// Hash is what is kept of a secret.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// find is the token of a secret. It takes the same time whichever it is.
func find(all []Token, secret string, now time.Time) (Token, bool) {
	hash, at := []byte(Hash(secret)), -1
	for i := range all {
		same := subtle.ConstantTimeCompare(hash, []byte(all[i].Hash))
		at = subtle.ConstantTimeSelect(same, i, at)
	}
	if at < 0 || all[at].Expired(now) {
		return Token{}, false
	}
	return all[at], true
}
