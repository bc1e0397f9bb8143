#!/bin/sh
# Times a hunt in a cluster of 20,000 objects, or of as many as are named, beside kubectl listing them.
# Needs what the test control plane needs; builds kubectl of the same version into the same kind of cache.
set -eu

cd "$(dirname "$0")/../.."
modules=tests/control-plane
key=$(cat "$modules/go.mod" "$modules/go.sum" | cksum | cut -d ' ' -f 1)
folder=${KSECRETS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ksecrets-ci}/kubectl/$key
if [ -z "${KUBECTL:-}" ]; then
  KUBECTL=$folder/kubectl
  if [ ! -x "$KUBECTL" ]; then
    # In a copy, as kubectl needs modules that the control plane does not.
    mkdir -p "$folder"
    cp "$modules/go.mod" "$modules/go.sum" "$folder"
    (cd "$folder" && CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=mod \
      go build -buildvcs=false -trimpath -ldflags '-s -w' -o kubectl k8s.io/kubernetes/cmd/kubectl)
  fi
fi
if [ -z "${KSECRETS:-}" ]; then
  cargo build --release --locked
  KSECRETS=${CARGO_TARGET_DIR:-$PWD/target}/release/ksecrets
fi
export KUBECTL KSECRETS OBJECTS="${1:-20000}"
# The test only fills and watches, so it may be a debug build.
cargo test --locked --test main hunt_beside_kubectl -- --ignored --nocapture
