package unit

import (
	"slices"
	"strings"
)

// Offline are the settings that keep the service from addresses on the network;
// none: it reaches them.
func (u *Unit) Offline() (settings []string) {
	if u.on("PrivateNetwork") {
		settings = append(settings, "PrivateNetwork="+u.value("PrivateNetwork"))
	}
	families := u.words("RestrictAddressFamilies")
	if len(families) > 0 {
		denied := strings.HasPrefix(families[0], "~")
		named := slices.Contains(families, "AF_INET") || slices.Contains(families, "~AF_INET")
		if named == denied {
			settings = append(settings, "RestrictAddressFamilies="+strings.Join(families, " "))
		}
	}
	if slices.Contains(u.words("IPAddressDeny"), "any") && len(u.words("IPAddressAllow")) == 0 {
		settings = append(settings, "IPAddressDeny=any")
	}
	return settings
}

// Unprivileged reports whether programs that the service starts gain no rights
// from set-user-ID and set-group-ID bits.
func (u *Unit) Unprivileged() bool { return u.on("NoNewPrivileges") }
