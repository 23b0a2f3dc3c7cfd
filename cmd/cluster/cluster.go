// Package cluster is what the owner of folders and the workers of other machines
// agree on: names on NATS JetStream, messages and their bounds, objects, and how
// one connects. Its rooms do the work: owner hands photos out and takes results
// in, remote computes, embedded is a server for small sites.
//
// Neither side trusts the other. A message is decoded strictly and bounded, bytes
// count by their digest, and no message holds a path or a program.
package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Protocol is raised whenever a message of before means something else.
const Protocol = 1

// Times that both sides go by.
const (
	Lease    = 20 * time.Second // a worker that says nothing for so long has lost its job
	Beat     = 3 * time.Second  // between two signs of life of a worker
	Presence = 15 * time.Second // that a sign of life counts
)

// Names are those of streams, subjects and buckets of one cluster.
type Names struct{ Subject string }

// Jobs is the stream that jobs wait on, one subject for each owner and class.
func (n Names) Jobs() string { return n.Subject + "_jobs" }

// JobSubject is where an owner's jobs of a class wait.
func (n Names) JobSubject(owner, class string) string {
	return n.Subject + ".job." + owner + "." + class
}

// Answers is the stream of results, one subject for each owner.
func (n Names) Answers() string { return n.Subject + "_answers" }

// AnswerSubject is where an owner's results arrive.
func (n Names) AnswerSubject(owner string) string { return n.Subject + ".answer." + owner }

// Workers is the bucket of signs of life.
func (n Names) Workers() string { return n.Subject + "_workers" }

// Photos is an owner's bucket of photos and outputs.
func (n Names) Photos(owner string) string { return n.Subject + "_photos_" + owner }

// Parcels is the bucket of pipelines and models, which all owners share.
func (n Names) Parcels() string { return n.Subject + "_parcels" }

// Consumer is the one that hands an owner's jobs of a class to workers.
func (n Names) Consumer(owner, class string) string { return owner + "_" + class }

// Class is what jobs ask of a worker: workers take those of classes that they
// meet. It is a part of a subject.
type Class struct {
	GPU    bool
	Memory int64 // bytes that are free for work; 0: any
}

// String is the class as a part of a subject: any-0, or gpu-8 for 8 GiB.
func (c Class) String() string {
	kind := "any"
	if c.GPU {
		kind = "gpu"
	}
	tier := 0
	if c.Memory > 0 {
		tier = 1 << bits.Len64(uint64(max(0, (c.Memory-1)>>30))) // the power of two above, in GiB
	}
	return fmt.Sprintf("%s-%d", kind, tier)
}

// Meets reports whether a worker with those means may take jobs of a class.
func Meets(class string, gpu bool, memory int64) bool {
	kind, tier, ok := strings.Cut(class, "-")
	var least int64
	if _, err := fmt.Sscanf(tier, "%d", &least); !ok || err != nil || least < 0 || least > 1<<20 {
		return false
	}
	return (kind == "any" || kind == "gpu" && gpu) && memory >= least<<30
}

// Digest is the SHA-256 of data, hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// PhotoObject and OutputObject name objects of an owner's bucket.
func PhotoObject(content string) string { return "in/" + content }

// OutputObject is an output of one try of a job.
func OutputObject(job, try string, i int) string { return fmt.Sprintf("out/%s/%s/%d", job, try, i) }

// OutputsOf begins the names of a job's outputs.
func OutputsOf(job string) string { return "out/" + job + "/" }

// ParcelObject and ModelObject name objects of the bucket that owners share.
func ParcelObject(digest string) string { return "parcel/" + digest }

// ModelObject is a model's file.
func ModelObject(digest string) string { return "model/" + digest }
