package output

import (
	"strings"
	"testing"
)

// Debian 13 has libheif's encoders in packages of their own.
func TestAMissingEncoderNamesItsPackage(t *testing.T) {
	for format, want := range map[string]string{"avif": "libheif-plugin-aomenc", "heic": "libheif-plugin-x265", "jxl": "built without jxl"} {
		if got := noEncoder(format); !strings.Contains(got, want) {
			t.Errorf("%s: %s", format, got)
		}
		if formatNamed(format).saver == "" {
			t.Errorf("%s is no format", format)
		}
	}
}
