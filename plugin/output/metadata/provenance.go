package metadata

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

const namespace = "https://burnish.photo/ns/provenance/1.0/"

// Provenance says what a file was made of and by what. It is kept in XMP, as
// properties of a namespace of Burnish's own.
type Provenance struct {
	Source      string // SHA-256 of the photo's file, hexadecimal
	Pipeline    string // name of the pipeline
	Fingerprint string // of the pipeline's steps, models and outputs
	Model       string // name and version; "" where no network ran
	ModelDigest string // SHA-256 of the model's file
	Device      string // that the network ran on
	Fidelity    string // how the restored photo was held against its JPEG: strict or auto; "" where it was not
	Evidence    string // why the photo was restored or left alone, with the figure
	Version     string // of Burnish
	Part        string // which of the pipeline's outputs, and of which page, it is
	Dropped     string // what the photo's file holds beside the photo and this one does not, such as a film

	// IntegrityDigest is a digest of the file around it, by which a file is known
	// that nobody has changed since. It is made when the file is written.
	IntegrityDigest string
}

// fields pairs the properties' names with their places.
func (p *Provenance) fields() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{
		{"Source", &p.Source}, {"Pipeline", &p.Pipeline}, {"Fingerprint", &p.Fingerprint},
		{"Model", &p.Model}, {"ModelDigest", &p.ModelDigest}, {"Device", &p.Device}, {"Fidelity", &p.Fidelity}, {"Evidence", &p.Evidence}, {"Version", &p.Version},
		{"Part", &p.Part}, {"Dropped", &p.Dropped}, {"Seal", &p.IntegrityDigest},
	}
}

func (p Provenance) addTo(packet *xmp.Packet) error {
	var names, values []string
	for _, f := range p.fields() {
		if *f.value != "" {
			names, values = append(names, f.name), append(values, *f.value)
		}
	}
	return packet.Add(namespace, "burnish", names, values)
}

// ReadProvenance reads what Burnish wrote into a file of that format; false
// where there is nothing.
func ReadProvenance(path, format string) (p Provenance, ok bool) {
	m, err := container.Read(path, format)
	if err != nil || len(m.XMP) == 0 {
		return p, false
	}
	packet, err := xmp.Parse(m.XMP)
	if err != nil {
		return p, false
	}
	for _, q := range packet.Properties() {
		if q.Space != namespace {
			continue
		}
		for _, f := range p.fields() {
			if f.name == q.Name {
				*f.value = q.Value
			}
		}
	}
	return p, p.Source != ""
}

// Intact reports whether a file of that format is, to the byte, as Burnish
// wrote it with the provenance p. One that bears no digest is not known to be.
func (p Provenance) Intact(path, format string) (bool, error) {
	if p.IntegrityDigest == "" {
		return false, nil
	}
	return container.HasIntegrityDigest(path, format, p.IntegrityDigest)
}

// DigestPlaceholder stands in for a file's integrity digest until the file is written; no file holds it
// by chance.
func DigestPlaceholder() string {
	digits := make([]byte, container.IntegrityDigestLength/2)
	_, _ = rand.Read(digits) // never fails
	return hex.EncodeToString(digits)
}
