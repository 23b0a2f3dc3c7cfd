package serve

import (
	"net/netip"
	"sync"
	"time"
)

// Wrong tokens of an address.
const (
	maxGuesses   = 10 // that are answered at once
	guessEvery   = 6 * time.Second
	maxAddresses = 4096 // that are told apart
)

// guesses counts wrong tokens. Nobody guesses 256 bits: the limit keeps the log
// and the machine quiet, and a right token is taken also from an address that
// others have used up, such as a proxy's.
type guesses struct {
	mu sync.Mutex
	at map[netip.Prefix]time.Time // when the last of an address's guesses is forgotten
}

// wrong counts a wrong token, and returns how long the address has to wait.
func (g *guesses) wrong(addr netip.Addr, now time.Time) time.Duration {
	from := network(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.at == nil || len(g.at) >= maxAddresses {
		for a, until := range g.at {
			if !now.Before(until) {
				delete(g.at, a)
			}
		}
		if g.at == nil || len(g.at) >= maxAddresses {
			g.at = map[netip.Prefix]time.Time{}
		}
	}
	until := g.at[from]
	if until.Before(now) {
		until = now
	}
	if wait := until.Add(guessEvery).Sub(now) - maxGuesses*guessEvery; wait > 0 {
		return wait
	}
	g.at[from] = until.Add(guessEvery)
	return 0
}
