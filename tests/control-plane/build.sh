#!/bin/sh
# Says where the programs of the test control plane are, and builds those that nobody brought.
# Prints the paths of kube-apiserver and etcd, one a line. Everything else goes to stderr.
set -eu

fail() { printf 'control plane: %s\n' "$*" >&2; exit 1; }

# Programs that are there already, under the names that controller-runtime's envtest gave them.
apiserver=${TEST_ASSET_KUBE_APISERVER:-${KUBEBUILDER_ASSETS:+$KUBEBUILDER_ASSETS/kube-apiserver}}
etcd=${TEST_ASSET_ETCD:-${KUBEBUILDER_ASSETS:+$KUBEBUILDER_ASSETS/etcd}}
for program in "$apiserver" "$etcd"; do
  [ -z "$program" ] || [ -x "$program" ] || fail "the environment names $program, which is no program"
done

# The folder is named after everything that decides what is built, so a change of version is a new folder.
cd "$(dirname "$0")"
key=$(cat go.mod go.sum build.sh | cksum | cut -d ' ' -f 1)
folder=${KSECRETS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ksecrets-ci}/control-plane/$key

# Builds <program> from <package> with <linker flags>, if that was not done before.
build() {
  [ ! -x "$folder/$1" ] || return 0
  command -v go >/dev/null ||
    fail "no Go to build $1 with: install Go 1.26 or newer, or let KUBEBUILDER_ASSETS name a folder with both programs"
  mkdir -p "$folder"
  # Two builds at once take twice as long. Where there is no flock they do, and the later one wins.
  exec 9>"$folder/lock"
  if command -v flock >/dev/null; then flock 9; fi
  [ ! -x "$folder/$1" ] || return 0
  printf 'control plane: building %s into %s: some minutes, once\n' "$1" "$folder" >&2
  CGO_ENABLED=0 GOFLAGS='' GOWORK=off go build -buildvcs=false -trimpath -ldflags "-s -w $3" -o "$folder/$1.$$" "$2" >&2
  mv "$folder/$1.$$" "$folder/$1" # at once, so that nobody finds half a program
}

# A program that asks the server's own code, when that is what is wanted: about encryption, or about audit policies.
case ${1:-} in
encryption | audit)
  program=$1-$(cksum <"$1/main.go" | cut -d ' ' -f 1)
  build "$program" "./$1" ''
  printf '%s\n' "$folder/$program"
  exit
  ;;
esac

# What /version answers: go build alone would leave it at v0.0.0. The only place that knows the version is go.mod.
version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[^ ]*\).*|\1|p' go.mod)
major=${version#v} major=${major%%.*}
minor=${version#*.} minor=${minor%%.*}
stamp=k8s.io/component-base/version
stamps="-X $stamp.gitVersion=$version -X $stamp.gitMajor=$major -X $stamp.gitMinor=$minor -X $stamp.gitTreeState=clean"

if [ -z "$etcd" ]; then
  build etcd go.etcd.io/etcd/server/v3 ''
  etcd=$folder/etcd
fi
if [ -z "$apiserver" ]; then
  build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$stamps"
  apiserver=$folder/kube-apiserver
fi
printf '%s\n' "$apiserver" "$etcd"
