package imaginary

import "net/url"

// KindOf is kindOf.
func KindOf(head []byte) string { return kindOf(head) }

// Compose is the pipeline of a request.
func Compose(name, query, kind string) (string, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	p, err := fromQuery(q)
	if err != nil {
		return "", err
	}
	if _, ok := operations[name]; !ok && name != "pipeline" {
		return "", errNotFound
	}
	all, err := steps(name, p)
	if err != nil {
		return "", err
	}
	made, err := compose(all, kind, Restoring{Below: 50, Model: "lite", Megapixels: 2})
	if err != nil {
		return "", err
	}
	return made.text(), nil
}
