// The text of the lighthouse's phases after the mesh: k3s, and Liqo by Helm. As lighthouse_script.hpp, which it continues.
#pragma once
#include <string_view>

namespace tombolo::cloudinit {

inline constexpr std::string_view kClusterPhases = R"sh(phase k3s
fetch "$K3S_URL" "$K3S_SHA256" "$STATE/artefacts/k3s"
if ! cmp -s "$STATE/artefacts/k3s" /usr/local/bin/k3s; then
  install -m 0755 "$STATE/artefacts/k3s" /usr/local/bin/k3s.new
  mv -f /usr/local/bin/k3s.new /usr/local/bin/k3s
fi
put 0600 /etc/rancher/k3s/config.yaml <<'END_OF_CONFIG'
#@ k3s-config
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
#@ liqo-values
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
)sh";

}  // namespace tombolo::cloudinit
