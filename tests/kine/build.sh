#!/bin/sh
# Says where kine is, and builds it if TEST_ASSET_KINE names none. Without a C compiler kine takes SQLite as it was
# translated to Go: the same files.
exec "$(dirname "$0")/../go-program.sh" kine github.com/k3s-io/kine TEST_ASSET_KINE 'some minutes, once'
