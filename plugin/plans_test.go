package plugin_test

import (
	"fmt"
	"sync"
	"testing"
)

func TestPlansOfManyThreads(t *testing.T) {
	b := newFixture(t, `{version: 1, pipelines: {small: {steps: [{resize: {width: 24, height: 24}}], outputs: [{path: "{stem}.png"}, {path: "thumbs/{stem}.jpg", thumbnail: {width: 12, height: 12}}]}}}`)
	var photos []string
	for i := range 6 {
		photos = append(photos, b.photo(fmt.Sprintf("%d.jpg", i), 48+i, 32, byte(i)))
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for i := range 60 {
				if _, err := b.engine.Plan(t.Context(), b.job(photos[i%len(photos)])); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
