package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/packaging/trials/faces/client"
)

// atATime is how many clients send photos; there are places for half of them.
const atATime = 8

// load sends many photos at a time. A client that is told to come again does so;
// none is lost, and memory does not grow with their number.
func load(t *trial) error {
	var next, busy atomic.Int64
	var mu sync.Mutex
	var failed error
	var held []int // MB, after each answer
	var all sync.WaitGroup
	began := time.Now()
	for range atATime {
		all.Go(func() {
			for n := next.Add(1); n <= int64(*requests); n = next.Add(1) {
				again, err := t.process(t.photos[int(n)%len(t.photos)])
				busy.Add(int64(again))
				mu.Lock()
				failed = errors.Join(failed, err)
				held = append(held, t.memory())
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if failed != nil {
		return failed
	}
	took, half := time.Since(began), len(held)/2
	first, second := most(held[:half]), most(held[half:])
	fmt.Printf("          %d requests, %d at a time: %.1f a second, none lost; told to come again %d times; at most %d MB in the first half, %d MB in the second\n",
		*requests, atATime, float64(*requests)/took.Seconds(), busy.Load(), first, second)
	if second > first*3/2 {
		return errors.New("memory grows with the number of requests")
	}
	return nil
}

func most(values []int) (m int) {
	for _, v := range values {
		m = max(m, v)
	}
	return m
}

// process sends a photo until it is answered, and checks the answer.
func (t *trial) process(photo []byte) (again int, err error) {
	output := "small"
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); again++ {
		a, err := t.client.ProcessWithBodyWithResponse(context.Background(), &client.ProcessParams{Output: &output}, "image/jpeg", bytes.NewReader(photo))
		if err != nil {
			return again, err
		}
		header := a.HTTPResponse.Header
		switch a.StatusCode() {
		case 200:
			sum := sha256.Sum256(a.Body)
			if want := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"; header.Get("Repr-Digest") != want {
				return again, fmt.Errorf("the digest is %s, the answer's is %s", header.Get("Repr-Digest"), want)
			}
			return again, nil
		case 429:
			seconds, err := strconv.Atoi(header.Get("Retry-After"))
			if err != nil || seconds < 1 {
				return again, fmt.Errorf("Retry-After is %q", header.Get("Retry-After"))
			}
			time.Sleep(time.Duration(seconds) * time.Second / 4)
		default:
			return again, fmt.Errorf("status %d: %s", a.StatusCode(), a.Body)
		}
	}
	return again, errors.New("a photo was not answered in ten minutes")
}
