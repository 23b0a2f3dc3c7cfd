package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// hostile sends what no honest client sends, and then photos, which are answered
// all the same.
func hostile(t *trial) error {
	photo := t.photos[0]
	for _, c := range []struct {
		name    string
		body    []byte
		want    int
		headers []string
	}{
		{"a pixel bomb", bomb(60_000, 60_000), 413, nil},
		{"half a photo", photo[:len(photo)/2], 422, nil},
		{"noise", bytes.Repeat([]byte("noise"), 1000), 422, nil},
		{"nothing", nil, 400, nil},
		{"too many bytes", make([]byte, 21_000_000), 413, nil},
		{"a name that leads elsewhere", photo, 200, []string{`Content-Disposition: attachment; filename="../../../etc/cron.d/x"`}},
		{"a name with a line break", photo, 200, []string{"Content-Disposition: attachment; filename*=UTF-8''a%0d%0aSet-Cookie:%20x=1.jpg"}},
		{"an Accept header of 10 kB", photo, 406, []string{"Accept: " + strings.Repeat("text/html,", 1000)}},
		{"a header of 40 kB", photo, 431, []string{"X-Large: " + strings.Repeat("x", 40_000)}},
		{"a form without an end", photo, 400, []string{"Content-Type: multipart/form-data; boundary=x"}},
		{"a compressed body", photo, 415, []string{"Content-Encoding: gzip"}},
		{"a token in the address", photo, 400, []string{"Query: access_token=x"}},
	} {
		status, header, err := t.send(c.body, c.headers...)
		if err != nil || status != c.want {
			return fmt.Errorf("%s: status %d, want %d: %w", c.name, status, c.want, err)
		}
		if name := header.Get("Content-Disposition"); strings.ContainsAny(name, "/\r\n") || header.Get("Set-Cookie") != "" {
			return fmt.Errorf("%s: the answer's name is %q", c.name, name)
		}
	}
	if err := t.besiege(); err != nil {
		return err
	}
	fmt.Println("          bombs, fragments, large headers, forged names: refused; 200 connections that send nothing, and clients that leave: others are served")
	return nil
}

// send sends a photo. The header Query is one of the address.
func (t *trial) send(body []byte, headers ...string) (int, http.Header, error) {
	r, err := http.NewRequest(http.MethodPost, "http://"+t.address+"/v1/process", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Content-Type", "image/jpeg")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Query" {
			r.URL.RawQuery = value
			continue
		}
		r.Header.Set(name, value)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer a.Body.Close()
	_, err = io.Copy(io.Discard, a.Body)
	return a.StatusCode, a.Header, err
}

// besiege keeps connections open that send nothing, or a photo and leave, while
// honest clients ask.
func (t *trial) besiege() error {
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range 200 {
		c, err := net.Dial("tcp", t.address)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		fmt.Fprint(c, "POST /v1/process HTTP/1.1\r\nHost: localhost\r\n")
	}
	var leaving sync.WaitGroup
	for range 30 {
		leaving.Go(func() {
			c, err := net.Dial("tcp", t.address)
			if err != nil {
				return
			}
			fmt.Fprintf(c, "POST /v1/process HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", t.token, len(t.photos[0]))
			_, _ = c.Write(t.photos[0])
			time.Sleep(20 * time.Millisecond)
			c.Close()
		})
	}
	leaving.Wait()
	for range 5 {
		began := time.Now()
		if _, err := t.process(t.photos[0]); err != nil {
			return err
		}
		if took := time.Since(began); took > time.Minute {
			return errors.New("honest clients are kept waiting")
		}
	}
	return nil
}

// bomb is the head of a PNG of that size, with few bytes.
func bomb(width, height uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		whole := append([]byte(kind), data...)
		b = binary.BigEndian.AppendUint32(append(b, whole...), crc32.ChecksumIEEE(whole))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	chunk("IHDR", append(head, 8, 2, 0, 0, 0))
	chunk("IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1})
	chunk("IEND", nil)
	return b
}
