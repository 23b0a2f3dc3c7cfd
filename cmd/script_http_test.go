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

// httpAsk sends a request to an address or a socket that a daemon listens on:
// httpask ADDRESS METHOD PATH STATUS [HEADER]... The body is what stdout matches
// then. A header is "NAME: VALUE"; @FILE in it stands for a file's first line.
// <FILE is the body.
func httpAsk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: httpask ADDRESS METHOD PATH STATUS [HEADER]...")
	}
	at := args[0]
	if !strings.Contains(at, ":") {
		at = ts.MkAbs(at)
	}
	r, err := http.NewRequest(args[1], "http://localhost"+args[2], strings.NewReader("{}"))
	ts.Check(err)
	for _, h := range args[4:] {
		if file, ok := strings.CutPrefix(h, "<"); ok { // the body
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(ts.ReadFile(file))), -1
			continue
		}
		name, value, _ := strings.Cut(h, ": ")
		if before, file, ok := strings.Cut(value, "@"); ok {
			line, _, _ := strings.Cut(ts.ReadFile(file), "\n")
			value = before + line
		}
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	status, body, err := send(at, r)
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), body)
	ts.Check(err)
	if strconv.Itoa(status) != args[3] {
		ts.Fatalf("%s %s: status %d, want %s: %s", args[1], args[2], status, args[3], body)
	}
}

// freePort finds a port for a daemon: freeport NAME sets the variable.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	ts.Check(l.Close())
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
	r, err := http.NewRequest(http.MethodGet, "http://burnish"+path, nil)
	if err != nil {
		return 0, "", err
	}
	return send(socket, r)
}

// send sends a request to an address or a socket.
func send(at string, r *http.Request) (status int, body string, err error) {
	network := "unix"
	if _, _, err := net.SplitHostPort(at); err == nil {
		network = "tcp"
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, at)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: time.Minute}
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(all), err
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
