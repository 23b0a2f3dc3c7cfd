// Package client is generated from the OpenAPI document of Burnish's HTTP API. It
// shows in tests and trials that the document is what the daemon does.
package client

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml openapi-3.0.json
