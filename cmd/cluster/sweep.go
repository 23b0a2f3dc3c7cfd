package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func metaSubject(bucket, name string) string {
	return "$O." + bucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}

// Sweep removes objects that are older than age and not wanted, and pieces of
// objects that were never finished. It returns how many of either.
func (s *Store) Sweep(ctx context.Context, age time.Duration, wanted func(name string) bool) (n int, err error) {
	objects, err := s.List(ctx)
	if err != nil {
		return 0, err
	}
	for _, o := range objects {
		if wanted(o.Name) || time.Since(o.Since) < age {
			continue
		}
		if err := s.Remove(ctx, o.Name); err != nil {
			return n, err
		}
		n++
	}
	pieces, err := s.sweepPieces(ctx, age)
	return n + pieces, err
}

// sweepPieces removes chunks that no object has: their sender died.
func (s *Store) sweepPieces(ctx context.Context, age time.Duration) (n int, err error) {
	stream, err := s.js.Stream(ctx, "OBJ_"+s.bucket)
	if err != nil {
		return 0, err
	}
	chunks := "$O." + s.bucket + ".C."
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(chunks+">"))
	if err != nil {
		return 0, err
	}
	infos, err := s.store.List(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return 0, err
	}
	owned := map[string]bool{}
	for _, i := range infos {
		owned[i.NUID] = true
	}
	for subject := range info.State.Subjects {
		if owned[strings.TrimPrefix(subject, chunks)] {
			continue
		}
		last, err := stream.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		if time.Since(last.Time) < age {
			continue
		}
		if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
