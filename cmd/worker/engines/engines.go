// Package engines lets one engine take another's place in a process while jobs of
// the former are still under way. It knows no configuration and no connection.
package engines

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/burnish-photo/burnish/plugin"
)

// Line is the engine in force, the one that is to succeed it, and those before
// until nobody uses them. The zero value has none; it is safe for concurrent use.
type Line struct {
	mu      sync.Mutex
	latest  int // number of the engine that was added last
	current int
	entries map[int]*entry
}

// entry is an engine, closed once it was left and is in no use.
type entry struct {
	engine *plugin.Engine
	users  int
	left   bool
}

// Begin puts the first engine in force.
func (l *Line) Begin(e *plugin.Engine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = l.add(e)
}

func (l *Line) add(e *plugin.Engine) (number int) {
	if l.entries == nil {
		l.entries = map[int]*entry{}
	}
	l.latest++
	l.entries[l.latest] = &entry{engine: e}
	return l.latest
}

// Current is the engine in force; nil: there is none.
func (l *Line) Current() *plugin.Engine {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[l.current]; e != nil {
		return e.engine
	}
	return nil
}

// Number is that of the engine in force.
func (l *Line) Number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// Prepare adds an engine that [Line.TakeOver] may put in force, by that number.
func (l *Line) Prepare(e *plugin.Engine) (number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(e)
}

// TakeOver puts a prepared engine in force. The one before stays until it is left.
func (l *Line) TakeOver(ctx context.Context, number int) error {
	l.mu.Lock()
	e := l.entries[number]
	l.mu.Unlock()
	if e == nil {
		return unknown(number)
	}
	if err := plugin.TakeOver(ctx, e.engine); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = number
	return nil
}

func unknown(number int) error {
	return fmt.Errorf("there is no engine %d: the process was started again since", number)
}

// Use is the engine of that number, which is not closed until done is called.
func (l *Line) Use(number int) (e *plugin.Engine, done func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	used := l.entries[number]
	if used == nil {
		return nil, nil, unknown(number)
	}
	used.users++
	return used.engine, func() {
		l.mu.Lock()
		used.users--
		over := l.over(number)
		l.mu.Unlock()
		_ = closeAll(over) // pipelines alone, which nobody uses
	}, nil
}

// Leave closes an engine that nobody begins anything with any more, once nobody
// uses it.
func (l *Line) Leave(number int) error {
	l.mu.Lock()
	if e := l.entries[number]; e != nil {
		e.left = true
	}
	over := l.over(number)
	l.mu.Unlock()
	return closeAll(over)
}

// over takes an engine out that was left and is in no use. l.mu is held.
func (l *Line) over(number int) []*plugin.Engine {
	e := l.entries[number]
	if e == nil || !e.left || e.users > 0 {
		return nil
	}
	delete(l.entries, number)
	return []*plugin.Engine{e.engine}
}

// Close closes all engines. Nothing is under way any more.
func (l *Line) Close() error {
	l.mu.Lock()
	var all []*plugin.Engine
	for _, e := range l.entries {
		all = append(all, e.engine)
	}
	l.entries = nil
	l.mu.Unlock()
	return closeAll(all)
}

func closeAll(engines []*plugin.Engine) error {
	var errs []error
	for _, e := range engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}
