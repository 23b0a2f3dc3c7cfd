// Package tools is what the command offers beside processing photos: measuring a
// pipeline and this machine, comparing two images, holding an output against its
// JPEG, explaining a file, drawing, and naming the native libraries. It knows no
// records.
package tools
