package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/nats-io/nats.go/jetstream"
)

// Store is a bucket of objects, whose bytes count by their digest alone.
type Store struct {
	js     jetstream.JetStream
	bucket string
	store  jetstream.ObjectStore
	seal   Seal
}

// OpenStore opens a bucket that exists.
func OpenStore(ctx context.Context, js jetstream.JetStream, bucket string, seal Seal) (*Store, error) {
	s, err := js.ObjectStore(ctx, bucket)
	if err != nil {
		return nil, fmt.Errorf("open the bucket %s: %w", bucket, err)
	}
	return &Store{js: js, bucket: bucket, store: s, seal: seal}, nil
}

// patience bounds one exchange with the servers: a reply that is lost while they
// choose another leader never comes.
const patience = 15 * time.Second

// within bounds what moves so many bytes, at 1 MB a second at least.
func within(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience+time.Duration(size/1_000_000)*time.Second)
}

// Put stores a file under a name, over what is there.
func (s *Store) Put(ctx context.Context, name, file string) error {
	f, err := beneath.Regular(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, info.Size())
	defer cancel()
	sealed, err := s.seal.Seal(f)
	if err != nil {
		return err
	}
	defer sealed.Close()
	_, err = s.store.Put(ctx, jetstream.ObjectMeta{Name: name}, sealed)
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// Has reports whether an object is there.
func (s *Store) Has(ctx context.Context, name string) (bool, error) {
	ctx, cancel := within(ctx, 0)
	defer cancel()
	_, err := s.store.GetInfo(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ErrCorrupt is of an object whose bytes are not those that were promised.
var ErrCorrupt = errors.New("the object's bytes are not those that were promised")

// Get fetches an object into a new file; it has to have that size and digest.
func (s *Store) Get(ctx context.Context, name, file string, size int64, digest string) (err error) {
	ctx, cancel := within(ctx, size)
	defer cancel()
	from, err := s.store.Get(ctx, name)
	for try := 0; errors.Is(err, jetstream.ErrObjectNotFound) && try < 4; try++ { // a server that answers may be a moment behind
		time.Sleep(300 * time.Millisecond)
		from, err = s.store.Get(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	defer from.Close()
	plain, err := s.seal.Open(from)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(file)
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(plain, size+1))
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != size || got != digest {
		return fmt.Errorf("fetch %s: %w", name, ErrCorrupt)
	}
	return nil
}

// Remove removes an object, and what tells that it was there.
func (s *Store) Remove(ctx context.Context, name string) error {
	ctx, cancel := within(ctx, 0)
	defer cancel()
	err := s.store.Delete(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	stream, err := s.js.Stream(ctx, "OBJ_"+s.bucket)
	if err != nil {
		return err
	}
	return stream.Purge(ctx, jetstream.WithPurgeSubject(metaSubject(s.bucket, name)))
}

// Object is one of a bucket.
type Object struct {
	Name  string
	Size  uint64
	Since time.Time
}

// List lists the objects.
func (s *Store) List(ctx context.Context) (all []Object, err error) {
	infos, err := s.store.List(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil, err
	}
	for _, i := range infos {
		all = append(all, Object{Name: i.Name, Size: i.Size, Since: i.ModTime})
	}
	return all, nil
}

// Small is the content of an object that is no larger than a parcel.
func (s *Store) Small(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := within(ctx, mostParcel)
	defer cancel()
	from, err := s.store.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	defer from.Close()
	data, err := io.ReadAll(io.LimitReader(from, mostParcel+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	return data, nil
}
