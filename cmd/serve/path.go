package serve

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// key is of values that a request's context holds.
type key int

const (
	baseKey key = iota
	peerKey
	visitorKey
)

// Base is the path that links on a page begin with: "" at the root, else such
// as /burnish.
func Base(r *http.Request) string {
	base, _ := r.Context().Value(baseKey).(string)
	return base
}

// below is the request as the handlers see it, without the base path, whether a
// proxy has taken it away or not.
func below(r *http.Request, base string, v *visitor) *http.Request {
	ctx := context.WithValue(context.WithValue(r.Context(), baseKey, base), visitorKey, v)
	inner := r.WithContext(ctx)
	if base == "" {
		return inner
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, base); ok && (rest == "" || rest[0] == '/') {
		raw, _ := strings.CutPrefix(r.URL.RawPath, base)
		inner.URL = &url.URL{Path: "/" + strings.TrimPrefix(rest, "/"), RawPath: raw, RawQuery: r.URL.RawQuery}
	}
	return inner
}

// clean reports whether a path means what it says.
func clean(p string) bool {
	if p == "/" {
		return true
	}
	return strings.HasPrefix(p, "/") && path.Clean(p) == strings.TrimSuffix(p, "/") && !strings.ContainsAny(p, "\x00\\\r\n")
}
