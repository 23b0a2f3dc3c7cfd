package config

// Renamed is the table of renamed keys.
var Renamed []struct{ Was, Now string }

func init() {
	for _, r := range renamed {
		Renamed = append(Renamed, struct{ Was, Now string }{r.was, r.now})
	}
}
