// A second implementation of the format's ciphers, from docs/format.md and Go's standard library alone.
module ksecrets.invalid/seal-interop

go 1.26.0
