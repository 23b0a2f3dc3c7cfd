package owner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
)

// parcel is the digest of what workers compile a pipeline from, which is in the
// store. An error, which was told, says that the pipeline stays here.
func (x *exchange) parcel(pipeline string) (string, error) {
	x.mu.Lock()
	known, ok := x.known[pipeline]
	store := x.parcels
	x.mu.Unlock()
	if ok {
		return known.digest, known.err
	}
	p, files, err := x.options.Parcel(pipeline)
	if err != nil {
		x.options.Log.Warn("the photos of a pipeline are worked on here", "pipeline", pipeline, "reason", err)
		x.keep(pipeline, parcelled{err: err})
		return "", err
	}
	if store == nil {
		return "", errors.New("NATS has not answered yet")
	}
	ctx, cancel := context.WithTimeout(x.context, 10*time.Minute)
	defer cancel()
	digest, err := x.ship(ctx, store, p, files)
	if err != nil {
		x.options.Log.Warn("a pipeline cannot be handed to workers now", "pipeline", pipeline, "error", err)
		return "", err
	}
	x.keep(pipeline, parcelled{digest: digest})
	return digest, nil
}

func (x *exchange) keep(pipeline string, p parcelled) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.known[pipeline] = p
}

// ship stores a parcel and its models, where they are missing.
func (x *exchange) ship(ctx context.Context, store *cluster.Store, p cluster.Parcel, files map[string]string) (digest string, err error) {
	for _, m := range p.Models {
		name := cluster.ModelObject(m.Digest)
		there, err := store.Has(ctx, name)
		if err == nil && !there {
			err = store.Put(ctx, name, files[m.Name])
		}
		if err != nil {
			return "", fmt.Errorf("the model %s: %w", m.Name, err)
		}
	}
	data, err := cluster.Encode(p)
	if err != nil {
		return "", err
	}
	digest = cluster.Digest(data)
	file := filepath.Join(x.options.StateDir, "cluster", "parcel-"+digest[:16])
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return "", err
	}
	defer os.Remove(file)
	return digest, store.Put(ctx, cluster.ParcelObject(digest), file)
}
