package watcher

import "strings"

// ignoredSuffixes end the names of files that are still being written.
var ignoredSuffixes = []string{
	"~", ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload",
	".tmp", ".temp", ".swp", ".aria2", ".!ut", ".!qb",
}

// ignoredNames are what operating systems and storage appliances leave about.
var ignoredNames = map[string]bool{
	"@eadir":                    true, // Synology
	"@tmp":                      true,
	"#recycle":                  true,
	"#snapshot":                 true,
	"@recycle":                  true, // QNAP
	"$recycle.bin":              true, // Windows
	"system volume information": true,
	"thumbs.db":                 true,
	"ehthumbs.db":               true,
	"desktop.ini":               true,
	"lost+found":                true, // ext4
	"__macosx":                  true, // zip files made by macOS
}

// Ignored reports whether a file or folder of this name (its last element
// alone) is never taken in, and by which rule. Names that begin with a dot
// cover ._*, .stfolder, .Trash-* and rsync's .name.XXXXXX.
func Ignored(name string) (rule string, ignored bool) {
	if strings.HasPrefix(name, ".") {
		return ".*", true
	}
	if strings.HasPrefix(name, "~$") {
		return "~$*", true
	}
	lower := strings.ToLower(name)
	if ignoredNames[lower] {
		return lower, true
	}
	for _, suffix := range ignoredSuffixes {
		if strings.HasSuffix(lower, suffix) {
			return "*" + suffix, true
		}
	}
	return "", false
}
