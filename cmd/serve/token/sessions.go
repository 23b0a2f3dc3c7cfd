package token

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// SessionLife is how long who has signed in stays so.
	SessionLife = 30 * 24 * time.Hour

	sessionsFile = "sessions.json"
	maxSessions  = 1000 // the oldest end first
)

// Sessions are who has signed in with a token. They outlive the daemon.
type Sessions struct {
	file   string
	tokens *Store

	mu  sync.Mutex
	all []session
}

type session struct {
	Hash    string    `json:"hash"`  // of the cookie
	Token   string    `json:"token"` // the hash of it
	Expires time.Time `json:"expires"`
}

// OpenSessions reads the sessions in a state folder; damaged ones are none.
func OpenSessions(stateDir string, tokens *Store) *Sessions {
	s := &Sessions{file: filepath.Join(stateDir, sessionsFile), tokens: tokens}
	if data, err := readPrivate(s.file); err == nil && json.Unmarshal(data, &s.all) != nil {
		s.all = nil
	}
	return s
}

// Begin signs in and returns the cookie's value.
func (s *Sessions) Begin(t Token) (secret string, err error) {
	secret = Secret()
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(o session) bool { return !now.Before(o.Expires) })
	if n := len(s.all) - maxSessions + 1; n > 0 {
		s.all = slices.Delete(s.all, 0, n)
	}
	s.all = append(s.all, session{Hash(secret), t.Hash, now.Add(SessionLife)})
	return secret, writePrivate(s.file, s.all)
}

// Find is the token that a cookie's value was signed in with.
func (s *Sessions) Find(secret string) (Token, bool) {
	hash := Hash(secret) // an attacker knows nothing of it, so how long comparing takes tells nothing
	s.mu.Lock()
	i := slices.IndexFunc(s.all, func(o session) bool { return o.Hash == hash })
	var found session
	if i >= 0 {
		found = s.all[i]
	}
	s.mu.Unlock()
	if i < 0 || !time.Now().Before(found.Expires) {
		return Token{}, false
	}
	return s.tokens.hashed(found.Token)
}

// End signs out.
func (s *Sessions) End(secret string) error {
	hash := Hash(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.all)
	if s.all = slices.DeleteFunc(s.all, func(o session) bool { return o.Hash == hash }); len(s.all) == n {
		return nil
	}
	return writePrivate(s.file, s.all)
}
