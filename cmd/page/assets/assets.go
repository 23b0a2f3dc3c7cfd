// Package assets are the files that the page loads: its style, its scripts,
// icons, and libraries of other projects in vendor. They are in the binary, and
// nothing is loaded from elsewhere. The package does not know what the page
// shows.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed *.css *.js *.svg vendor icons
var embedded embed.FS

// file is an asset as it is sent.
type file struct {
	kind          string
	plain, packed []byte
}

// load reads all assets once, and names their version by their contents.
var load = sync.OnceValues(func() (map[string]file, string) {
	files, sum := map[string]file{}, sha256.New()
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "icons/") {
			return err
		}
		kind := mime.TypeByExtension(path.Ext(name))
		if kind == "" {
			return nil // a licence or a note
		}
		plain, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(plain))
		sum.Write(plain)
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is a valid one
		_, _ = z.Write(plain)                                      // into memory
		_ = z.Close()
		files[name] = file{kind, plain, packed.Bytes()}
		return nil
	})
	if err != nil {
		panic(err) // the binary is broken
	}
	return files, hex.EncodeToString(sum.Sum(nil))[:12]
})

// Prefix is the path that all assets lie below.
const Prefix = "/assets/"

// Path is the path of an asset, such as "page.css". It changes with every change
// of the assets, so that they are kept by browsers for good.
func Path(name string) (string, error) {
	files, version := load()
	if _, ok := files[name]; !ok {
		return "", fmt.Errorf("no asset is named %q", name)
	}
	return Prefix + version + "/" + name, nil
}

// Serve answers with the asset that the path names; other versions than the
// current one are not found.
func Serve(w http.ResponseWriter, r *http.Request) {
	files, version := load()
	name, ok := strings.CutPrefix(r.URL.Path, Prefix+version+"/")
	f, found := files[name]
	if !ok || !found {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the caller may be gone
	}
}

var comment = regexp.MustCompile(`(?s)<!--.*?-->\s*`)

// Icon is an icon of the folder icons as part of a page. It is hidden from
// screen readers: what it says is said in words as well.
func Icon(name string) (template.HTML, error) {
	svg, err := embedded.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return "", fmt.Errorf("no icon is named %q", name)
	}
	text := strings.Join(strings.Fields(comment.ReplaceAllString(string(svg), "")), " ")
	return template.HTML(strings.Replace(text, "<svg ", `<svg aria-hidden="true" focusable="false" `, 1)), nil
}
