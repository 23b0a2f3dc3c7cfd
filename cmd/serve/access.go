package serve

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

// remember keeps of a connection whether it comes from this machine.
func remember(ctx context.Context, conn net.Conn) context.Context {
	local := conn.RemoteAddr().Network() == "unix"
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		local = a.IP.IsLoopback()
	}
	return context.WithValue(ctx, localKey, local)
}

// isLocal reports whether who asks is on this machine. What a proxy has passed
// on comes from anywhere.
func isLocal(r *http.Request) bool {
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded") {
			return false
		}
	}
	local, _ := r.Context().Value(localKey).(bool)
	return local && r.ProtoAtLeast(1, 1)
}

// guard lets requests to h that have the scope.
func (s *Site) guard(scope Scope, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !May(r, scope) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="burnish"`)
			refuse(w, http.StatusUnauthorized, "this needs a token with the scope "+string(scope)+": burnish token create")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// May reports whether who asks has the scope.
func May(r *http.Request, scope Scope) bool {
	return scope == Public || scope == Read && isLocal(r)
}

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": detail})
}
