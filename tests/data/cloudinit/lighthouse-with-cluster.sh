#!/bin/bash
# Lighthouse lighthouse of the cluster talos-homelab: Nebula 1.11.2. Made by tombolo 0.1.0.
# Runs at the first boot. Safe to run again at any time: it repairs what is missing and says what it does in
# /var/log/nebula-bootstrap.log and, phase by phase, on the console.
set -Eeuo pipefail
umask 077
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

MESH_ADDRESS='10.42.0.1/16'
PORT='4242'
NEBULA_URL='https://github.com/slackhq/nebula/releases/download/v1.11.2/nebula-linux-amd64.tar.gz'
NEBULA_SHA256='6140d33f2ec21ce7f6b655b5bc820e93a684d97e51d0ddcf907324b5b28aac1e'
REVISION='0a4f62380b96c658'  # of all that this script makes
MESH_REVISION='e1281613fe1d5b8e'
START='d5cba796a1e8ad6d'  # of what Nebula reads only when it starts
NODE='lighthouse'
DEVICE='nebula1'
K3S_URL='https://github.com/k3s-io/k3s/releases/download/v1.36.4+k3s1/k3s'
K3S_SHA256='835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f'
K3S_START='699b172fd9136c08'  # of what k3s reads only when it starts
HELM_URL='https://get.helm.sh/helm-v3.22.0-linux-amd64.tar.gz'
HELM_SHA256='1e4ab49e429626cf6c6958d914248b78c9730803c2751b87627e171dc800e7bb'
LIQO_VERSION='v1.2.0'
LIQO_NAMESPACE='liqo-system'
CHART_URL='https://helm.liqo.io/'
CHART_SHA256=''
LOG=/var/log/nebula-bootstrap.log
STATE=/var/lib/tombolo
PHASE=
LINE=0

say() {  # for the log, the serial console, and whoever runs this by hand
  local line="tombolo-bootstrap: $*"
  echo "$(date -u +%FT%T.%3NZ) $line"
  { echo "$line" >>/dev/console; } 2>/dev/null || true
  if [[ -t 3 ]]; then echo "$line" >&3; fi
}

phase() {  # ends the phase before and begins the next
  if [[ $PHASE ]]; then say "phase=$PHASE state=ok"; fi
  PHASE=$1
  say "phase=$PHASE state=start"
}

die() {
  echo "error: $*"
  LINE=${BASH_LINENO[0]}
  exit 1
}

on_exit() {  # every way out that is not a success names the phase, the line and the last lines of the log
  local status=$1 last
  if ((status == 0)); then return; fi
  set +e
  last=$(tail -n 12 "$LOG")
  say "phase=$PHASE state=failed line=$LINE status=$status"
  printf 'phase=%s line=%s status=%s\n%s\n' "$PHASE" "$LINE" "$status" "$last" >"$STATE/bootstrap.failed"
  while IFS= read -r text; do say "log: $text"; done <<<"$last"
}
trap 'LINE=$LINENO' ERR
trap 'on_exit $?' EXIT

put() {  # MODE FILE: the input becomes FILE, whole or not at all
  mkdir -p "$(dirname "$2")"
  cat >"$2.new"
  chmod "$1" "$2.new"
  mv -f "$2.new" "$2"
}

fetch() {  # URL SHA256 FILE: nothing stays that does not match
  if [[ -f $3 ]] && sha256sum --check --status <<<"$2  $3"; then return; fi
  curl --fail --silent --show-error --location --retry 5 --retry-delay 2 --retry-connrefused \
    --connect-timeout 10 --max-time 600 --output "$3.new" "$1"
  if ! sha256sum --check --status <<<"$2  $3.new"; then
    local got
    got=$(sha256sum <"$3.new" | cut -d ' ' -f 1)
    rm -f "$3.new"
    die "$1 has SHA-256 $got, expected $2: not used"
  fi
  mv -f "$3.new" "$3"
}

exec 3>&1 >>"$LOG" 2>&1
chmod 0644 "$LOG"  # holds no secret
install -d -m 0755 "$STATE" /run/lock
exec 4>/run/lock/tombolo-bootstrap
flock 4  # one run at a time
rm -f "$STATE/bootstrap.done" "$STATE/bootstrap.failed" "$STATE/mesh.done"

phase system
if ((EUID != 0)); then die "must run as root"; fi
for program in curl tar sha256sum systemctl ip ss flock; do
  command -v "$program" >/dev/null || die "$program is not installed"
done
# systemd-networkd removes addresses and routes that it did not make.
put 0644 /etc/systemd/network/10-tombolo-mesh.network <<'END'
[Match]
Name=nebula* cni* flannel* veth*
[Link]
Unmanaged=yes
END
put 0644 /etc/systemd/networkd.conf.d/tombolo.conf <<'END'
[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
END
if systemctl is-active --quiet systemd-networkd; then networkctl reload || true; fi
if [[ ${BASH_SOURCE[0]} != /usr/local/sbin/tombolo-bootstrap ]]; then
  put 0700 /usr/local/sbin/tombolo-bootstrap <"${BASH_SOURCE[0]}"
fi

phase artefacts
mkdir -p "$STATE/artefacts"
fetch "$NEBULA_URL" "$NEBULA_SHA256" "$STATE/artefacts/nebula.tar.gz"

phase nebula-install
if [[ $(cat "$STATE/nebula.installed" 2>/dev/null) != "$NEBULA_SHA256" || ! -x /usr/local/bin/nebula ]]; then
mkdir -p "$STATE/unpacked" /usr/local/bin
tar -xzf "$STATE/artefacts/nebula.tar.gz" -C "$STATE/unpacked" nebula nebula-cert
for program in nebula nebula-cert; do
  install -m 0755 "$STATE/unpacked/$program" "/usr/local/bin/$program.new"
  mv -f "/usr/local/bin/$program.new" "/usr/local/bin/$program"
done
rm -rf "$STATE/unpacked"
put 0644 "$STATE/nebula.installed" <<<"$NEBULA_SHA256"
fi
nebula -version
mkdir -p /etc/nebula
{
  cat <<'END'
-----BEGIN NEBULA CERTIFICATE-----
CkAKDnRlc3QgYXV0aG9yaXR5KN/x1ckGMN+Bp80GOiAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAEABEkA=
-----END NEBULA CERTIFICATE-----
END
  printf -- '-----BEGIN %s-----\n%s\n-----END %s-----\n' 'NEBULA CERTIFICATE' 'CkEKD3dvcmtlciBhdXRob3JpdHko3/HVyQYw34GnzQY6IAAAAAAAAAAAAAAAAAAA' 'NEBULA CERTIFICATE'
} | put 0644 /etc/nebula/ca.crt
put 0600 /etc/nebula/config.yml <<'END_OF_CONFIG'
pki: {ca: /etc/nebula/ca.crt, cert: /etc/nebula/host.crt, key: /etc/nebula/host.key}
lighthouse: {am_lighthouse: true}
listen: {host: 0.0.0.0, port: 4242}
punchy: {punch: true}
relay: {am_relay: true, use_relays: false}
tun: {dev: nebula1, mtu: 1300}
firewall:
  outbound: [{port: any, proto: any, host: any}]
  inbound:  [{port: any, proto: icmp, host: any}]
END_OF_CONFIG
put 0644 /etc/systemd/system/nebula.service <<'END'
[Unit]
Description=Nebula mesh
Wants=network-online.target
After=network-online.target
ConditionPathExists=/etc/nebula/host.crt

[Service]
ExecStart=/usr/local/bin/nebula -config /etc/nebula/config.yml
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
END

phase keys
cd /etc/nebula
if [[ ! -s host.key || ! -s host.pub ]]; then
  rm -f host.key host.pub host.key.new host.pub.new
  nebula-cert keygen -out-key host.key.new -out-pub host.pub.new
  mv -f host.key.new host.key
  mv -f host.pub.new host.pub
fi
chmod 0600 host.key
while IFS= read -r text; do say "pub: $text"; done <host.pub

phase certificate
if [[ ! -s /etc/nebula/host.crt ]]; then
  say "phase=certificate state=waiting file=/etc/nebula/host.crt"
  exit 0
fi
nebula-cert verify -ca /etc/nebula/ca.crt -crt /etc/nebula/host.crt
nebula -test -config /etc/nebula/config.yml

phase nebula-start
systemctl daemon-reload
systemctl enable nebula.service
# New certificates, authorities and rules are read without a restart: the tunnels stay.
if systemctl is-active --quiet nebula.service && [[ $(cat "$STATE/nebula.start" 2>/dev/null) == "$START" ]]; then
  systemctl reload nebula.service
else
  systemctl restart nebula.service
fi
put 0644 "$STATE/nebula.start" <<<"$START"

phase mesh
for ((tries = 0; ; tries++)); do
  if [[ $(ip -o address show) == *" $MESH_ADDRESS "* && $(ss -Hlun) == *":$PORT "* ]]; then break; fi
  if ((tries >= 150)); then
    journalctl --unit nebula.service --lines 8 --output cat || true
    die "no device has the mesh address $MESH_ADDRESS, or nobody listens on UDP $PORT, 30 seconds after Nebula started"
  fi
  sleep 0.2
done
printf 'revision=%s\n' "$MESH_REVISION" | put 0644 "$STATE/mesh.done"

phase k3s
fetch "$K3S_URL" "$K3S_SHA256" "$STATE/artefacts/k3s"
if ! cmp -s "$STATE/artefacts/k3s" /usr/local/bin/k3s; then
  install -m 0755 "$STATE/artefacts/k3s" /usr/local/bin/k3s.new
  mv -f /usr/local/bin/k3s.new /usr/local/bin/k3s
fi
put 0600 /etc/rancher/k3s/config.yaml <<'END_OF_CONFIG'
# k3s, written by tombolo. The addresses are the mesh's: nothing of the cluster is open to the Internet.
node-name: lighthouse
node-ip: 10.42.0.1
advertise-address: 10.42.0.1
tls-san:
  - 10.42.0.1
flannel-iface: nebula1
cluster-cidr: 10.52.0.0/16
service-cidr: 10.53.0.0/16
cluster-dns: 10.53.0.10
disable:
  - traefik
  - servicelb
secrets-encryption: true
prefer-bundled-bin: true
write-kubeconfig-mode: "0600"
END_OF_CONFIG
# Not Requires=: a restart of Nebula must not stop the cluster. "Started" does not mean that the address is there.
put 0644 /etc/systemd/system/k3s.service <<END
[Unit]
Description=k3s server on the mesh
Wants=network-online.target nebula.service
After=network-online.target nebula.service

[Service]
Type=notify
ExecStartPre=/bin/sh -c 'i=0; until ip -o address show dev $DEVICE | grep -qF " $MESH_ADDRESS "; do [ \$\$i -lt 150 ] || exit 1; i=\$\$((i + 1)); sleep 0.2; done'
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s server
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable k3s.service
if ! systemctl is-active --quiet k3s.service || [[ $(cat "$STATE/k3s.start" 2>/dev/null) != "$K3S_START" ]]; then
  systemctl restart --no-block k3s.service
fi
# While it starts; home's chart is rendered here as soon as Helm and it are there.
fetch "$HELM_URL" "$HELM_SHA256" "$STATE/artefacts/helm.tar.gz"
if [[ $(cat "$STATE/helm.installed" 2>/dev/null) != "$HELM_SHA256" || ! -x /usr/local/bin/helm ]]; then
  mkdir -p "$STATE/unpacked"
  tar -xzf "$STATE/artefacts/helm.tar.gz" -C "$STATE/unpacked" --strip-components=1
  install -m 0755 "$STATE/unpacked/helm" /usr/local/bin/helm.new
  mv -f /usr/local/bin/helm.new /usr/local/bin/helm
  rm -rf "$STATE/unpacked"
  put 0644 "$STATE/helm.installed" <<<"$HELM_SHA256"
fi
export HOME=/root
chart=$STATE/artefacts/liqo-$LIQO_VERSION.tgz
if [[ $CHART_SHA256 ]]; then
  fetch "$CHART_URL" "$CHART_SHA256" "$chart"
elif [[ ! -s $chart ]]; then
  helm pull liqo --repo "$CHART_URL" --version "$LIQO_VERSION" --destination "$STATE"
  mv "$STATE/liqo-$LIQO_VERSION.tgz" "$chart"
fi
sha256sum "$chart"
export KUBECONFIG=/etc/rancher/k3s/k3s.yaml
# One that waits costs a small machine less than asking again and again.
ready() {
  [[ -s $KUBECONFIG ]] && k3s kubectl wait --for=condition=Ready "node/$NODE" --timeout=60s &>/dev/null &&
    [[ $(k3s kubectl get --raw /readyz 2>/dev/null) == ok ]]
}
for ((began = SECONDS; ; )); do
  if systemctl is-active --quiet k3s.service && ready; then break; fi
  if ((SECONDS - began > 240)); then
    journalctl --unit k3s.service --lines 10 --output cat || true
    die "k3s does not answer with a ready node $NODE, four minutes after it was started"
  fi
  sleep 0.3
done
put 0644 "$STATE/k3s.start" <<<"$K3S_START"

phase liqo
put 0600 "$STATE/liqo-values.yaml" <<'END_OF_VALUES'
{}
END_OF_VALUES
wanted=$(cat "$chart" "$STATE/liqo-values.yaml" | sha256sum | cut -c 1-16)
deployed=
if [[ -e $STATE/liqo.begun ]]; then
  # What a killed Helm leaves behind would refuse every later one.
  k3s kubectl delete secret --namespace "$LIQO_NAMESPACE" --ignore-not-found \
    --selector 'owner=helm,name=liqo,status in (pending-install,pending-upgrade,pending-rollback)'
  deployed=$(helm status liqo --namespace "$LIQO_NAMESPACE" 2>/dev/null | sed -n 's/^STATUS: //p' || true)
fi
put 0644 "$STATE/liqo.begun" <<<"$wanted"
if [[ $deployed != deployed || $(cat "$STATE/liqo.installed" 2>/dev/null) != "$wanted" ]]; then
  # Nobody waits here until its pods are ready: whoever watches sees it sooner, and says what holds them up.
  helm upgrade liqo "$chart" --install --namespace "$LIQO_NAMESPACE" --create-namespace \
    --values "$STATE/liqo-values.yaml" || die "Liqo's chart could not be installed"
  put 0644 "$STATE/liqo.installed" <<<"$wanted"
fi
phase ready
printf 'revision=%s\ntime=%s\n' "$REVISION" "$(date -u +%FT%TZ)" | put 0644 "$STATE/bootstrap.done"
say "phase=ready state=ok"
