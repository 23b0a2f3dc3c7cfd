//go:build race

package ledger

// library is how many records a large ledger has here; the race detector makes each record many times dearer.
const library = 10_000
