#!/bin/sh
# Says where a program of a Go module is, and builds it if nobody brought one. Prints its path; everything else goes to
# stderr.
#
#   go-program.sh FOLDER PACKAGE VARIABLE HOW_LONG
#
#   FOLDER      of this one: a go.mod that pins the version. The program is called after it.
#   PACKAGE     what to build
#   VARIABLE    of the environment, which may name a program to take instead
#   HOW_LONG    what is said before it is built
set -eu

program=$1 package=$2 variable=$3 how_long=$4
fail() { printf '%s: %s\n' "$program" "$*" >&2; exit 1; }

eval "brought=\${$variable:-}"
if [ -n "$brought" ]; then
  [ -x "$brought" ] || fail "the environment names $brought, which is no program"
  printf '%s\n' "$brought"
  exit
fi

# The folder is named after everything that decides what is built, so a change of version is a new folder.
cd "$(dirname "$0")"
key=$(cat "$program/go.mod" "$program/go.sum" go-program.sh | cksum | cut -d ' ' -f 1)
cd "$program"
folder=${KSECRETS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ksecrets-ci}/$program/$key
built=$folder/$program

if [ ! -x "$built" ]; then
  command -v go >/dev/null ||
    fail "no Go to build it with: install Go 1.26 or newer, or let $variable name the program"
  mkdir -p "$folder"
  # Two builds at once take twice as long. Where there is no flock they do, and the later one wins.
  exec 9>"$folder/lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [ ! -x "$built" ]; then
    printf '%s: building it into %s: %s\n' "$program" "$folder" "$how_long" >&2
    CGO_ENABLED=0 GOFLAGS='' GOWORK=off go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$built.$$" "$package" >&2
    mv "$built.$$" "$built" # at once, so that nobody finds half a program
  fi
fi
printf '%s\n' "$built"
