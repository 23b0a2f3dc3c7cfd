package cmd

import (
	"fmt"
	"log/slog"
	"net"
	"slices"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/page"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/coreos/go-systemd/v22/activation"
)

// inheritedSockets are what the service manager hands in (systemd.socket(5)). It
// is called before another process is started, which would inherit them as well.
func inheritedSockets() ([]net.Listener, error) {
	all, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("take the sockets that the service manager hands in: %w", err)
	}
	return slices.DeleteFunc(all, func(l net.Listener) bool { return l == nil }), nil // nil: no stream
}

// newSite is what the daemon serves beside its control socket, with the data
// that the verbs of control answer.
func newSite(stateDir string, control *api.Mux, inherited []net.Listener, log *slog.Logger) *serve.Site {
	site := serve.New(serve.Options{StateDir: stateDir, Log: log, Inherited: inherited})
	site.Handle("GET "+api.LivePath, serve.Public, control)
	site.HandleProbe("GET "+api.ReadyPath, control)
	for _, pattern := range []string{
		"GET " + api.MetricsPath,
		string(api.Canary),
		string(api.Configuration),
		string(api.Failed),
		string(api.Log),
		string(api.Memory),
		string(api.Output),
		string(api.Photo),
		string(api.Photos),
		string(api.Picture),
		string(api.Preview),
		string(api.Progress),
		string(api.Review),
		string(api.ReviewCounts),
		string(api.Series),
		string(api.Status),
		string(api.Task),
		string(api.Tile),
	} {
		site.Handle(pattern, serve.Read, control)
	}
	for _, pattern := range []string{
		string(api.CanaryBack),
		string(api.CanaryGo),
		string(api.KeepChange),
		string(api.Pause),
		string(api.Quarantine),
		string(api.Reload),
		string(api.Reprocess),
		string(api.Retry),
		string(api.ReviewApprove),
		string(api.ReviewReject),
		string(api.ReviewTry),
		string(api.StopTask),
		string(api.UndoAll),
		string(api.VerifyAll),
	} {
		site.Handle(pattern, serve.Act, control)
	}
	page.New(page.Options{Client: api.Direct(control), Log: log}).Mount(site)
	return site
}
