package cmd_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// httpGet asks a daemon on its socket: httpget SOCKET PATH [STATUS]. The body is
// what stdout matches then; STATUS is 200 where it is left out.
func httpGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: httpget SOCKET PATH [STATUS]")
	}
	want := "200"
	if len(args) == 3 {
		want = args[2]
	}
	status, body, err := getOver(ts.MkAbs(args[0]), args[1])
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), body)
	ts.Check(err)
	if strconv.Itoa(status) != want {
		ts.Fatalf("%s: status %d, want %s: %s", args[1], status, want, body)
	}
}

// awaitMetric waits until a metric has a value: awaitmetric SOCKET NAME{LABELS} VALUE.
func awaitMetric(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: awaitmetric SOCKET NAME VALUE")
	}
	deadline := time.Now().Add(daemonPatience)
	for {
		_, body, err := getOver(ts.MkAbs(args[0]), "/metrics")
		if err == nil && strings.Contains("\n"+body, fmt.Sprintf("\n%s %s\n", args[1], args[2])) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no %s of %s: %v, %s", args[1], args[2], err, body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func getOver(socket, path string) (status int, body string, err error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: time.Minute}
	r, err := client.Get("http://burnish" + path)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	all, err := io.ReadAll(r.Body)
	return r.StatusCode, string(all), err
}

// awaitHealth waits until burnish health says that the daemon is ready, or with
// ! that it is not: awaithealth [!] CONFIG.
func awaitHealth(ts *testscript.TestScript, neg bool, args []string) {
	unready := len(args) == 2 && args[0] == "!"
	if neg || len(args) != 1 && !unready {
		ts.Fatalf("usage: awaithealth [!] CONFIG")
	}
	deadline := time.Now().Add(daemonPatience)
	for (ts.Exec("burnish", "health", "-c", args[len(args)-1]) != nil) != unready {
		if time.Now().After(deadline) {
			ts.Fatalf("burnish health says %s", ts.ReadFile("stdout"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}
