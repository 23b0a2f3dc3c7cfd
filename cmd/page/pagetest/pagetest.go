// Package pagetest opens the page of a running daemon in a real Chromium. A test
// starts a daemon with photos, opens a tab, and asks it whether the view is as
// it should be:
//
//	func TestMain(m *testing.M) { pagetest.Main(m) }
//
//	func TestFailures(t *testing.T) {
//		d := pagetest.Start(t, pagetest.Config)
//		d.Drop("broken.jpg", []byte("no photo"))
//		pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
//			tab := pagetest.Open(t, d, look)
//			tab.Go("/failures")
//			tab.Await(`document.body.innerText.includes("broken.jpg")`)
//			tab.Check()
//			tab.Shot("failures")
//		})
//	}
//
// Where there is no Chromium, tests are skipped. Only tests import the package.
package pagetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/burnish-photo/burnish/cmd"
	"github.com/burnish-photo/burnish/ops/builtin"
)

// Main is the body of a TestMain. The test's own binary is the daemon, too.
func Main(m *testing.M) {
	if os.Args[0] == command {
		os.Exit(cmd.Main(builtin.Specs()...))
	}
	code := m.Run()
	if browser.stop != nil {
		browser.stop()
	}
	os.Exit(code)
}

// command is the name that the test's binary is a daemon by.
const command = "burnish"

// browser is the one Chromium of a test's process, started for the first tab.
var browser struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

// chromium starts the browser, or skips the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium: install it with packaging/setup.sh page")
	}
	browser.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox) // Chromium's own needs a user that is not root
		}
		allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(allocator)
		browser.ctx, browser.err = ctx, chromedp.Do(ctx)
		browser.stop = func() {
			_ = chromedp.Cancel(ctx)
			cancel()
			end()
		}
	})
	if browser.err != nil {
		t.Fatalf("start %s: %v", path, browser.err)
	}
	return browser.ctx
}

// Look is how a view is looked at.
type Look struct {
	Width, Height int64 // of the window, in pixels
	Dark          bool
}

// Looks of a phone and of a desktop.
var (
	Phone   = Look{Width: 375, Height: 812}
	Desktop = Look{Width: 1440, Height: 900}
)

// String names the look, for tests and screenshots.
func (l Look) String() string {
	if l.Dark {
		return fmt.Sprintf("%d-dark", l.Width)
	}
	return fmt.Sprint(l.Width)
}

// InDark is the look with dark colours.
func (l Look) InDark() Look { l.Dark = true; return l }

// EachLook runs a test as on a phone and on a desktop, light and dark.
func EachLook(t *testing.T, f func(*testing.T, Look)) {
	t.Helper()
	for _, l := range []Look{Phone, Phone.InDark(), Desktop, Desktop.InDark()} {
		t.Run(l.String(), func(t *testing.T) { f(t, l) })
	}
}

// root is the folder of the repository.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	if filepath.IsAbs(file) {
		return filepath.Join(filepath.Dir(file), "../../..")
	}
	dir, err := os.Getwd() // built with -trimpath: tests run in their package's folder
	for err == nil && dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return "."
}
