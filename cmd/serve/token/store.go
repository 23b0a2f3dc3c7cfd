package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// FileName is the tokens' file in a state folder.
const FileName = "tokens.json"

// Store is the tokens of a daemon. It may be used concurrently, also by several
// processes: what another one changes is seen at once.
type Store struct {
	file string

	mu     sync.Mutex
	seen   stamp // of what was read last
	tokens []Token
	err    error
}

// stamp tells whether a file has changed.
type stamp struct {
	inode   uint64
	size    int64
	changed syscall.Timespec // its inode, that is also its rights
}

// content is the file.
type content struct {
	Version int     `json:"version"`
	Tokens  []Token `json:"tokens"`
}

// At is the store in a state folder. It need not be there yet.
func At(stateDir string) *Store { return &Store{file: filepath.Join(stateDir, FileName)} }

// Find is the token of a secret. Nobody has one while the file cannot be
// trusted, which the error tells.
func (s *Store) Find(secret string) (Token, bool, error) {
	all, err := s.List()
	if err != nil {
		return Token{}, false, err
	}
	t, ok := find(all, secret, time.Now())
	return t, ok, nil
}

// hashed is the token of that hash, unless it was revoked or has run out.
func (s *Store) hashed(hash string) (Token, bool) {
	all, err := s.List()
	i := slices.IndexFunc(all, func(t Token) bool { return t.Hash == hash })
	if err != nil || i < 0 || all[i].Expired(time.Now()) {
		return Token{}, false
	}
	return all[i], true
}

// List is all tokens, those that have run out among them.
func (s *Store) List() ([]Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.look()
	if now != s.seen || now == (stamp{}) {
		s.tokens, s.err = s.read()
		s.seen = now
	}
	return s.tokens, s.err
}

// look is the file's stamp now; the zero one where there is none.
func (s *Store) look() stamp {
	info, err := os.Lstat(s.file)
	if err != nil {
		return stamp{}
	}
	i := info.Sys().(*syscall.Stat_t)
	return stamp{i.Ino, i.Size, i.Ctim}
}

func (s *Store) read() ([]Token, error) {
	data, err := readPrivate(s.file)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	var c content
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s is damaged: remove it and create the tokens again: %w", s.file, err)
	}
	if c.Version != 1 {
		return nil, fmt.Errorf("%s is of a newer Burnish: version %d", s.file, c.Version)
	}
	return c.Tokens, nil
}

// Create adds a token and returns its secret, which is kept nowhere.
func (s *Store) Create(name string, scopes []string, expires time.Time) (Token, string, error) {
	t, secret, err := New(name, scopes, expires)
	if err != nil {
		return t, "", err
	}
	err = s.change(func(all []Token) ([]Token, error) {
		if slices.ContainsFunc(all, func(o Token) bool { return o.Name == name }) {
			return nil, fmt.Errorf("there is a token %s: revoke it or choose another name", name)
		}
		return append(all, t), nil
	})
	return t, secret, err
}

// Revoke removes a token. Who has signed in with it is out.
func (s *Store) Revoke(name string) error {
	return s.change(func(all []Token) ([]Token, error) {
		i := slices.IndexFunc(all, func(o Token) bool { return o.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no token %q: burnish token list names them", name)
		}
		return slices.Delete(all, i, i+1), nil
	})
}

// change replaces the tokens by what f makes of them.
func (s *Store) change(f func([]Token) ([]Token, error)) error {
	err := alone(filepath.Dir(s.file), func() error {
		all, err := s.read()
		if err == nil {
			all, err = f(all)
		}
		if err != nil {
			return err
		}
		return writePrivate(s.file, content{1, all})
	})
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: run this as root or as the daemon's user", err)
	}
	return err
}
