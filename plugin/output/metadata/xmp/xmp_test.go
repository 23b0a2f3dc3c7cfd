package xmp

import (
	"slices"
	"strings"
	"testing"
)

const packet = `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <r:RDF xmlns:r="` + RDF + `" xmlns:tiff="` + TIFF + `">
  <r:Description r:about="uuid:1" xmlns:exif='` + EXIF + `'
    tiff:Orientation = "6"
    exif:GPSLatitude='51,30N'>
   <dc:creator xmlns:dc="` + DC + `"><r:Seq><r:li>A &amp; B</r:li></r:Seq></dc:creator>
   <tiff:Make>ACME</tiff:Make>
   <exif:GPSLongitude/>
  </r:Description>
 </r:RDF>
</x:xmpmeta>` + "\n                                   \n" + `<?xpacket end="w"?>`

func parse(t *testing.T, text string) *Packet {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProperties(t *testing.T) {
	var got []string
	for _, p := range parse(t, packet+"\x00\x00").Properties() {
		got = append(got, p.Space[len(p.Space)-9:]+p.Name+"="+p.Value)
	}
	want := []string{"tiff/1.0/Orientation=6", "exif/1.0/GPSLatitude=51,30N", "ents/1.1/creator=", "tiff/1.0/Make=ACME", "exif/1.0/GPSLongitude="}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestEdits(t *testing.T) {
	p := parse(t, packet)
	if err := p.Keep(func(q Property) bool { return !strings.HasPrefix(q.Name, "GPS") }); err != nil {
		t.Fatal(err)
	}
	if err := p.Set(TIFF, "Orientation", "1"); err != nil {
		t.Fatal(err)
	}
	if err := p.Add("https://example.com/", "mine", []string{"Note"}, []string{`<"&`}); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(`"6"`, `"1"`, "\n    exif:GPSLatitude='51,30N'", "", "<exif:GPSLongitude/>", "",
		" </r:RDF>", ` <r:Description r:about="uuid:1" xmlns:mine="https://example.com/" mine:Note="&lt;&#34;&amp;"/>`+"\n</r:RDF>").Replace(packet)
	if got := string(p.Bytes()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	last := p.Properties()[len(p.Properties())-1]
	if last.Name != "Note" || last.Value != `<"&` {
		t.Errorf("the property reads back as %+v", last)
	}
	if got := string(p.Trimmed()); strings.Contains(got, "     \n<?xpacket end") || !strings.HasSuffix(got, `<?xpacket end="w"?>`) {
		t.Errorf("trimmed to %q", got[len(got)-60:])
	}
}

// ExifToolGui PR#494: what a property holds inside can be taken out of it.
func TestKeepFields(t *testing.T) {
	p := parse(t, `<r:RDF xmlns:r="`+RDF+`" xmlns:d="drone/"><r:Description><d:Flight><r:Seq><r:li d:Latitude="1" d:Speed="2">`+
		`</r:li><r:li r:parseType="Resource"><d:Latitude>51</d:Latitude><d:Speed>3</d:Speed></r:li></r:Seq></d:Flight>`+
		`<d:Home d:Latitude="4" d:Speed="5"/></r:Description></r:RDF>`)
	if err := p.KeepFields(func(q Property) bool { return q.Space != "drone/" || q.Name != "Latitude" }); err != nil {
		t.Fatal(err)
	}
	got := string(p.Bytes())
	if strings.Contains(got, "Latitude") || !strings.Contains(got, `<r:li d:Speed="2">`) || !strings.Contains(got, "<d:Speed>3</d:Speed>") || !strings.Contains(got, `<d:Home d:Speed="5"/>`) {
		t.Errorf("left is %s", got)
	}
}

func TestNotXMP(t *testing.T) {
	for _, text := range []string{"", "<a/>", "<x:xmpmeta xmlns:x='adobe:ns:meta/'>", packet[:200]} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// A PNG of 8 kB whose XMP nested areas held a worker for minutes, and one of 56 kB
// took 5 GB: libvips#4834's siblings.
func TestHostilePackets(t *testing.T) {
	in := func(body string) string {
		return `<r:RDF xmlns:r="` + RDF + `"><r:Description><r:a>` + body + `</r:a></r:Description></r:RDF>`
	}
	nested := func(n int) string { return strings.Repeat("<b>", n) + strings.Repeat("</b>", n) }
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"deep":            {in(nested(1000)), false},
		"not so deep":     {in(nested(200)), true},
		"many elements":   {in(strings.Repeat("<b/>", 2*maxAttributes)), false},
		"many attributes": {in("<b" + strings.Repeat(" c=''", maxAttributes) + "/>"), false},
		"a long history":  {in(strings.Repeat("<r:li r:b='1'/>", 10_000)), true},
	} {
		if _, err := Parse([]byte(test.text)); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(packet)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse([]byte(text))
		if err != nil {
			return
		}
		if p.KeepFields(func(Property) bool { return false }) == nil && slices.ContainsFunc(p.nodes, func(n node) bool { return n.space != RDF }) {
			t.Errorf("%q keeps the fields %v", text, p.nodes)
		}
		if p.Keep(func(Property) bool { return false }) == nil && len(p.Properties()) > 0 {
			t.Errorf("%q keeps %v", text, p.Properties())
		}
	})
}
