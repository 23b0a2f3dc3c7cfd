package pagetest_test

import (
	"testing"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// maxBytes bounds what a view loads the first time, as it is sent.
const maxBytes = 128 << 10

// Views are small. How soon they are painted is logged.
func TestViewsAreSmall(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	for _, path := range []string{"/", "/photos", "/config"} {
		tab := pagetest.Open(t, d, pagetest.Desktop)
		tab.Go(path)
		tab.Await(`performance.getEntriesByName("first-contentful-paint").length`)
		bytes := pagetest.Eval[int](tab, `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((n, e) => n + e.encodedBodySize, 0)`)
		files := pagetest.Eval[int](tab, `1 + performance.getEntriesByType("resource").length`)
		paint := pagetest.Eval[float64](tab, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
		t.Logf("%s: %d bytes in %d files, first paint after %.0f ms", path, bytes, files, paint)
		if bytes > maxBytes {
			t.Errorf("%s loads %d bytes, at most %d are wanted", path, bytes, maxBytes)
		}
	}
}
