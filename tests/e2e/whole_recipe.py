"""The whole recipe by its own means, to the test pod's log and back: recipe.py's way, and k3s, Liqo, the peering, a namespace.

What it does beyond recipe.py: k3s and the cloud's Liqo in the user-data (curl, helm), Nebula at home as a DaemonSet, Liqo at home
by helm, liqoctl peer, a NamespaceOffloading and the pod of the recipe's test.

Where it differs from the recipe's text: k3s gets 10.52/10.53 (the recipe's mesh is k3s's default pod network); the pod's image
is one that the machines have; Liqo's charts are named by their address; home's comes by helm instead of Flux. liqoctl runs at
home's node, so that no workstation has to join the mesh: some seconds less than the recipe's.
"""
import json
import shlex

from recipe import Recipe
from weather import IMAGE, NOT_ALLOWED
from world import MIRROR, NEW, artefacts

MESH, HOME_MESH = "10.42.0.1", "10.42.1.1"
CHART = f"charts/liqo-{artefacts.LIQO}.tgz"

K3S = """curl -fsSL -o /usr/local/bin/k3s https://github.com/k3s-io/k3s/releases/download/{k3s}/k3s
chmod 755 /usr/local/bin/k3s
mkdir -p /etc/rancher/k3s
cat > /etc/rancher/k3s/config.yaml <<'EOT'
node-ip: 10.42.0.1
advertise-address: 10.42.0.1
flannel-iface: nebula1
tls-san: [10.42.0.1]
cluster-cidr: 10.52.0.0/16
service-cidr: 10.53.0.0/16
cluster-dns: 10.53.0.10
disable: [traefik, servicelb]
EOT
cat > /etc/systemd/system/k3s.service <<'EOT'
[Unit]
Wants=network-online.target nebula.service
After=network-online.target nebula.service
[Service]
Type=notify
KillMode=process
Delegate=yes
LimitNOFILE=1048576
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStart=/usr/local/bin/k3s server
[Install]
WantedBy=multi-user.target
EOT
systemctl daemon-reload
systemctl enable --now k3s
export HOME=/root KUBECONFIG=/etc/rancher/k3s/k3s.yaml
for i in $(seq 60); do k3s kubectl get nodes | grep -q ' Ready' && break; sleep 5; done
curl -fsSL https://get.helm.sh/helm-v{helm}-linux-amd64.tar.gz | tar xz -C /usr/local/bin --strip-components=1 linux-amd64/helm
cat > /etc/rancher/liqo-values.yaml <<'EOT'
{values}
EOT
helm install liqo https://helm.liqo.io/{chart} -n liqo-system --create-namespace -f /etc/rancher/liqo-values.yaml
touch /var/log/nebula-bootstrap.done
"""

DAEMONSET = """
apiVersion: v1
kind: Namespace
metadata: {name: nebula-system, labels: {pod-security.kubernetes.io/enforce: privileged}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: nebula, namespace: nebula-system}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: nebula}}
  template:
    metadata: {labels: {app.kubernetes.io/name: nebula}}
    spec:
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      tolerations: [{operator: Exists}]
      containers:
      - name: nebula
        image: nebulaoss/nebula:VERSION
        securityContext: {capabilities: {drop: [ALL], add: [NET_ADMIN]}}
        volumeMounts: [{name: config, mountPath: /config}, {name: tun, mountPath: /dev/net/tun}]
      volumes:
      - {name: config, secret: {secretName: nebula}}
      - {name: tun, hostPath: {path: /dev/net/tun, type: CharDevice}}
"""

OFFLOADING = """
apiVersion: offloading.liqo.io/v1beta1
kind: NamespaceOffloading
metadata: {name: offloading, namespace: default}
spec: {namespaceMappingStrategy: DefaultName, podOffloadingStrategy: LocalAndRemote, clusterSelector: {nodeSelectorTerms: []}}
"""

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "test-offload-aws", "namespace": "default"}, "spec": {
    "nodeSelector": {"liqo.io/type": "virtual-node"},
    "tolerations": [{"key": NOT_ALLOWED, "operator": "Exists", "effect": "NoExecute"}],
    "containers": [{"name": "test", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", "echo 'Running on AWS!' && hostname && sleep 600"]}]}}


def values(cluster, address, pods, services):
    """Of Liqo's chart: without its network and without what calls its makers."""
    return json.dumps({
        "apiServer": {"address": f"https://{address}:6443"}, "discovery": {"config": {"clusterID": cluster}},
        "networking": {"enabled": False, "reflectIPs": False}, "ipam": {"podCIDRs": [pods], "serviceCIDR": services},
        "telemetry": {"enabled": False}, "metricAgent": {"enabled": False}, "proxy": {"enabled": False},
        "storage": {"enabled": False}, "virtualKubelet": {"extra": {"args": ["--enable-apiserver-support=false"]}}})


class WholeRecipe(Recipe):
    def sh_at_node(self, script):
        """Where the home cluster is, and its member of the mesh."""
        kubeconfig, path = self.world.cluster_at_home.kubeconfig, self.world.artefacts.programs
        return self.sh(f"KUBECONFIG={kubeconfig} PATH={path}:$PATH nsenter --net={self.world.cluster_at_home.namespace.path} "
                       f"bash -euo pipefail -c {shlex.quote(script)}")

    def home(self, script, **options):
        return self.sh(f"export KUBECONFIG={self.world.cluster_at_home.kubeconfig}\n{script}", **options)

    def user_data(self):
        mesh = super().user_data().removesuffix("touch /var/log/nebula-bootstrap.done\n")
        return mesh + K3S.format(k3s=artefacts.K3S, helm=artefacts.HELM, chart=CHART,
                                 values=values("aws-lighthouse", MESH, "10.52.0.0/16", "10.53.0.0/16"))

    def join_home(self, address):
        with self.phase("k3s and Liqo ready in the cloud"):
            self.until("k3s", f"{self.remote} sudo k3s kubectl get nodes | grep -q ' Ready'")
            self.until("liqo", f"""{self.remote} sudo k3s kubectl get pods -n liqo-system --no-headers | \
                         awk 'BEGIN {{bad = 1}} {{bad = 0}} $2 != "1/1" {{exit 1}} END {{exit bad}}'""")
        with self.phase("credentials"):
            self.sh(f"""mkdir -p secrets; {self.remote} sudo cat /var/lib/rancher/k3s/server/node-token > secrets/k3s-token
                        {self.remote} sudo cat /etc/rancher/k3s/k3s.yaml | sed s/127.0.0.1/{MESH}/ > secrets/kubeconfig
                        chmod 600 secrets/*""")
        with self.phase("Nebula at home"):
            self.home_folder(address, "/config")
            (self.folder / "nebula.yaml").write_text(DAEMONSET.replace("VERSION", NEW))
            self.home("""kubectl create namespace nebula-system
                         kubectl create secret generic nebula -n nebula-system --from-file=home
                         kubectl apply -f nebula.yaml
                         kubectl rollout status daemonset/nebula -n nebula-system --timeout=120s""")
        with self.phase("lighthouse pings home"):
            self.until("ping", f"{self.remote} ping -c 3 {HOME_MESH}")
        with self.phase("Liqo at home"):
            (self.folder / "home-values.yaml").write_text(values("talos-homelab", HOME_MESH, "10.77.1.0/24", "10.96.1.0/24"))
            self.home(f"""helm install liqo {MIRROR}/{CHART} -n liqo --create-namespace -f home-values.yaml
                          kubectl wait deployment --all -n liqo --for=condition=Available --timeout=300s""")
        with self.phase("peering"):
            self.sh_at_node("liqoctl peer --remote-kubeconfig secrets/kubeconfig --namespace liqo --remote-namespace liqo-system "
                            "--networking-disabled")
        with self.phase("virtual node Ready"):
            self.until_at_home("kubectl get nodes -l liqo.io/type=virtual-node | grep -q ' Ready'")
        with self.phase("namespace offloaded"):
            (self.folder / "offloading.yaml").write_text(OFFLOADING)
            self.home("kubectl apply -f offloading.yaml")
            self.until_at_home("test \"$(kubectl get namespaceoffloading offloading -o jsonpath='{.status.offloadingPhase}')\" = Ready")
        with self.phase("pod runs, its log read"):
            (self.folder / "pod.json").write_text(json.dumps(POD))
            self.home("kubectl apply -f pod.json")
            self.until_at_home("kubectl get pod test-offload-aws | grep -q Running")
            said = self.home("kubectl logs test-offload-aws")
            assert "Running on AWS!" in said, said

    def until_at_home(self, script):
        self.until("node", f"export KUBECONFIG={self.world.cluster_at_home.kubeconfig}; {script}")

    def leave_home(self):
        with self.phase("down: pod, offloading, peering"):
            self.home("""kubectl delete pod test-offload-aws
                         kubectl delete namespaceoffloading offloading -n default""")
            self.sh_at_node("liqoctl unpeer --remote-kubeconfig secrets/kubeconfig --namespace liqo --remote-namespace liqo-system "
                            "--skip-confirm")
