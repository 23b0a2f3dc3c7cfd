package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// shotsEnv names the folder that [Tab.Shot] writes to. Without it, no
// screenshot is taken.
const shotsEnv = "BURNISH_SHOTS"

// Tab is an open page.
type Tab struct {
	t    *testing.T
	ctx  context.Context
	root string
	look Look

	mu     sync.Mutex
	faults []string // that the browser has told of
}

// Open opens a tab on a daemon's page, at [Tab.Go].
func Open(t *testing.T, d *Daemon, l Look) *Tab {
	t.Helper()
	return OpenURL(t, d.URL, l)
}

// OpenURL opens a tab on the page that is served at a URL.
func OpenURL(t *testing.T, url string, l Look) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium(t))
	ctx, late := context.WithTimeout(ctx, patience)
	t.Cleanup(func() { late(); cancel() })
	tab := &Tab{t: t, ctx: ctx, root: url, look: l}
	go tab.hear(chromedp.Console(ctx))
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	tab.Do(chromedp.EmulateViewport(l.Width, l.Height))
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// hear keeps what the browser has to object: violations of the policy, errors
// of scripts, files that are not found.
func (b *Tab) hear(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range messages {
		if err != nil {
			return // the tab is closed
		}
		switch m.Type {
		case chromedp.ConsoleException, chromedp.ConsoleError, chromedp.ConsoleWarning:
			b.mu.Lock()
			b.faults = append(b.faults, fmt.Sprintf("%s: %s (%s:%d)", m.Type, m.Text, m.URL, m.Line))
			b.mu.Unlock()
		}
	}
}

// Do runs actions of chromedp.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Go opens a path of the page.
func (b *Tab) Go(path string) {
	b.t.Helper()
	b.Await(`document.readyState === "complete"`)
	err := chromedp.Do(b.ctx, chromedp.Navigate(b.root+path))
	for range 3 { // a new tab may still be busy with its blank page
		if err == nil || !strings.Contains(err.Error(), "ERR_ABORTED") {
			break
		}
		err = chromedp.Do(b.ctx, chromedp.Sleep(200*time.Millisecond), chromedp.Navigate(b.root+path))
	}
	if err != nil {
		b.t.Fatalf("open %s: %v", path, err)
	}
}

// Click clicks on the first element that matches a CSS selector, once it is
// there.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Press presses keys, such as "a" or kb.ArrowRight, wherever the focus is.
func (b *Tab) Press(keys string) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// Eval is what an expression of JavaScript comes to, once it has where it is a
// promise.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression[:min(len(expression), 200)], err)
	}
	return v
}

// Await waits until an expression of JavaScript is true.
func (b *Tab) Await(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience / 4); ; time.Sleep(50 * time.Millisecond) {
		yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && yes {
			return
		}
		if b.ctx.Err() != nil || time.Now().After(deadline) {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			b.t.Fatalf("%s does not become true (%v) of:\n%s", expression, err, text)
		}
	}
}

// Forgive forgets what the browser has objected so far and that contains a text.
func (b *Tab) Forgive(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(f string) bool { return strings.Contains(f, text) })
}

// Check fails the test where the view is wider than the window, the browser has
// objected to something, or axe finds a serious fault of accessibility.
func (b *Tab) Check() {
	b.t.Helper()
	wide := Eval[[]string](b, `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
		.filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).slice(0, 5).map(e => e.outerHTML.slice(0, 120))`)
	for _, element := range wide {
		b.t.Errorf("wider than %d pixels: %s", b.look.Width, element)
	}
	b.axe()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		b.t.Errorf("the browser objects: %s", fault)
	}
}

// axe looks for faults of accessibility.
func (b *Tab) axe() {
	b.t.Helper()
	file := filepath.Join(root(), ".cache/axe/axe.min.js")
	script, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatalf("axe-core is missing: run packaging/setup.sh page: %v", err)
	}
	Eval[int](b, string(script)+";0")
	report := Eval[string](b, `axe.run(document, {resultTypes: ["violations"], preload: false}).then(r => JSON.stringify(r.violations))`)
	var violations []struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string
			FailureSummary string
		}
	}
	if err := json.Unmarshal([]byte(report), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		for _, n := range v.Nodes[:min(len(v.Nodes), 3)] {
			b.t.Errorf("axe: %s: %s\n%s\n%s", v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// Shot writes a screenshot NAME-LOOK.png of the window, where BURNISH_SHOTS is set.
func (b *Tab) Shot(name string) {
	b.t.Helper()
	dir := os.Getenv(shotsEnv)
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+"-"+b.look.String()+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// SignIn signs in with a token that may read and act.
func (b *Tab) SignIn(d *Daemon) {
	b.t.Helper()
	b.Go("/sign-in")
	b.Do(chromedp.SendKeys(chromedp.CSS(`input[name="token"]`), d.Token()+"\r"))
	b.Await(`document.querySelector('form[action$="/sign-out"]')`)
}

// WithoutScripts keeps the tab from running the scripts of pages that it opens
// from now on. What [Eval] asks still runs.
func (b *Tab) WithoutScripts() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.t.Fatal(err)
	}
}
