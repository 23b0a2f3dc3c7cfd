//go:build !race

package ledger

// library is how many records a large ledger has here.
const library = 100_000
