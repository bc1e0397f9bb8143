#!/bin/sh
# Says where kubeseal is, and builds it if TEST_ASSET_KUBESEAL names none.
exec "$(dirname "$0")/../go-program.sh" kubeseal github.com/bitnami/sealed-secrets/cmd/kubeseal TEST_ASSET_KUBESEAL \
  'a minute, once'
