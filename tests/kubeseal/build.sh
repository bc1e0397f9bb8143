#!/bin/sh
# Says where kubeseal is, and builds it if nobody brought one. Prints its path. Everything else goes to stderr.
set -eu

fail() { printf 'kubeseal: %s\n' "$*" >&2; exit 1; }

if [ -n "${TEST_ASSET_KUBESEAL:-}" ]; then
  [ -x "$TEST_ASSET_KUBESEAL" ] || fail "the environment names $TEST_ASSET_KUBESEAL, which is no program"
  printf '%s\n' "$TEST_ASSET_KUBESEAL"
  exit
fi

# The folder is named after everything that decides what is built, so a change of version is a new folder.
cd "$(dirname "$0")"
key=$(cat go.mod go.sum build.sh | cksum | cut -d ' ' -f 1)
folder=${KSECRETS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ksecrets-ci}/kubeseal/$key
program=$folder/kubeseal

if [ ! -x "$program" ]; then
  command -v go >/dev/null ||
    fail 'no Go to build it with: install Go 1.26 or newer, or let TEST_ASSET_KUBESEAL name the program'
  mkdir -p "$folder"
  # Two builds at once take twice as long. Where there is no flock they do, and the later one wins.
  exec 9>"$folder/lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [ ! -x "$program" ]; then
    printf 'kubeseal: building it into %s: a minute, once\n' "$folder" >&2
    CGO_ENABLED=0 GOFLAGS='' GOWORK=off go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$program.$$" \
      github.com/bitnami/sealed-secrets/cmd/kubeseal >&2
    mv "$program.$$" "$program" # at once, so that nobody finds half a program
  fi
fi
printf '%s\n' "$program"
