package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxWaiting is how many messages wait for a receiver.
const maxWaiting = 200

// spool is a receiver's messages that wait, a file each. Its owner is an outlet.
type spool struct{ folder string }

// put adds a message. Above the bound the oldest go, which lost counts.
func (s spool) put(m Message) (lost int, err error) {
	if err := s.write(fmt.Sprintf("%020d-%s", time.Now().UnixNano(), m.ID), m); err != nil {
		return 0, err
	}
	waiting := s.waiting()
	for len(waiting) > maxWaiting {
		err = errors.Join(err, os.Remove(waiting[0]))
		waiting, lost = waiting[1:], lost+1
	}
	return lost, err
}

// write makes or replaces a message's file.
func (s spool) write(name string, m Message) error {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	file := filepath.Join(s.folder, name+".json")
	if err := os.WriteFile(file+".tmp", data, 0o600); err != nil {
		return errors.Join(err, os.Remove(file+".tmp"))
	}
	return os.Rename(file+".tmp", file)
}

func (s spool) remove(name string) { _ = os.Remove(filepath.Join(s.folder, name+".json")) }

// take are the messages, which wait no more.
func (s spool) take() (all []Message) {
	for _, file := range s.waiting() {
		if m, err := s.read(file); err == nil {
			all = append(all, m)
		}
		_ = os.Remove(file)
	}
	return all
}

// waiting are the files, the oldest first.
func (s spool) waiting() (all []string) {
	entries, _ := os.ReadDir(s.folder) // by name; else there is none
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			all = append(all, filepath.Join(s.folder, e.Name()))
		}
	}
	return all
}

// read is the message in a file.
func (s spool) read(file string) (m Message, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer f.Close()
	return m, json.NewDecoder(io.LimitReader(f, maxMessage)).Decode(&m)
}

// maxMessage bounds a message's file, in bytes.
const maxMessage = 1 << 20

// dropOthers removes the messages of receivers that are not named any more.
func dropOthers(folder string, named map[string]bool, log *slog.Logger) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // there is none
	}
	for _, e := range entries {
		if e.IsDir() && !named[e.Name()] {
			if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
				log.Warn("notifications of a former receiver are not removed", "error", err)
			}
		}
	}
}
