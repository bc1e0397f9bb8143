#!/bin/sh
# Says where kine is, and builds it if nobody brought one. Prints its path. Everything else goes to stderr.
set -eu

fail() { printf 'kine: %s\n' "$*" >&2; exit 1; }

if [ -n "${TEST_ASSET_KINE:-}" ]; then
  [ -x "$TEST_ASSET_KINE" ] || fail "the environment names $TEST_ASSET_KINE, which is no program"
  printf '%s\n' "$TEST_ASSET_KINE"
  exit
fi

# The folder is named after everything that decides what is built, so a change of version is a new folder.
cd "$(dirname "$0")"
key=$(cat go.mod go.sum build.sh | cksum | cut -d ' ' -f 1)
folder=${KSECRETS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ksecrets-ci}/kine/$key
program=$folder/kine

if [ ! -x "$program" ]; then
  command -v go >/dev/null ||
    fail 'no Go to build it with: install Go 1.26 or newer, or let TEST_ASSET_KINE name the program'
  mkdir -p "$folder"
  # Two builds at once take twice as long. Where there is no flock they do, and the later one wins.
  exec 9>"$folder/lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [ ! -x "$program" ]; then
    printf 'kine: building it into %s: some minutes, once\n' "$folder" >&2
    # Without a C compiler kine takes SQLite as it was translated to Go: the same files.
    CGO_ENABLED=0 GOFLAGS='' GOWORK=off go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$program.$$" \
      github.com/k3s-io/kine >&2
    mv "$program.$$" "$program" # at once, so that nobody finds half a program
  fi
fi
printf '%s\n' "$program"
