package unit

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTheNetworkOfAService(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"PrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX\nIPAddressDeny=any":                                                                              "PrivateNetwork=yes, RestrictAddressFamilies=AF_UNIX, IPAddressDeny=any",
		"PrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX\nIPAddressDeny=any\nPrivateNetwork=no\nRestrictAddressFamilies=AF_INET AF_INET6\nIPAddressDeny=": "",
		"RestrictAddressFamilies=~AF_INET AF_PACKET":                                                                                                          "RestrictAddressFamilies=~AF_INET AF_PACKET",
		"RestrictAddressFamilies=~AF_PACKET":                                                                                                                  "",
		"IPAddressDeny=any\nIPAddressAllow=10.0.0.1":                                                                                                          "",
	} {
		file := filepath.Join(t.TempDir(), "x.service")
		write(t, file, "[Service]\n"+text+"\n")
		u, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(u.Offline(), ", "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
