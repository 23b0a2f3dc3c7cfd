package serve

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// admit refuses requests that no page of the site and no honest program sends.
func (s *Site) admit(c *Config, r *http.Request, v *visitor) error {
	if !clean(r.URL.Path) {
		return problem(http.StatusBadRequest, "the path must be a clean one, without // and .., got %.200q", r.URL.Path)
	}
	p, _ := r.Context().Value(peerKey).(peer)
	if host := hostname(r.Host); !c.answersTo(host, p) {
		return problem(http.StatusMisdirectedRequest, "the site does not answer to the host %.200q: add it to http.hosts, if it is one of its names", host)
	}
	for _, name := range []string{"token", "access_token", "api_key", "apikey"} {
		if r.URL.Query().Has(name) {
			return problem(http.StatusBadRequest, "a token must not stand in an address, which logs and histories keep: revoke it, and send another as Authorization: Bearer")
		}
	}
	if err := s.origin.Check(r); err != nil {
		return problem(http.StatusForbidden, "the request comes from another site: %s", err)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return problem(http.StatusForbidden, "another site must not include what is here")
	}
	return nil
}

// answersTo reports whether the site is called so. A name that somebody else
// lets point to this address, to have a browser read from here (DNS rebinding),
// is none of them.
func (c *Config) answersTo(host string, p peer) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if p.unix && !strings.Contains(host, ".") {
		return true // no browser connects to a socket, and no stranger owns such a name
	}
	if own, err := os.Hostname(); err == nil && own != "" {
		own = strings.ToLower(own)
		short, _, _ := strings.Cut(own, ".")
		if host == own || host == short || host == short+".local" {
			return true
		}
	}
	named := func(name string) bool { return strings.EqualFold(name, host) }
	return host != "" && (slices.ContainsFunc(c.Hosts, named) || slices.ContainsFunc(c.Listen, func(address string) bool {
		name, _, err := net.SplitHostPort(address)
		return err == nil && named(name)
	}))
}

// hostname is a host without port, brackets and the dot at its end.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// secure sets the headers that tell browsers to trust nothing but the site.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer a form's Origin is null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store") // handlers of assets set another
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; " +
	"manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
