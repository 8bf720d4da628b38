"""k3s server."""
import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import shutil
import threading
import time
from pathlib import Path

from api import Api
from base import API_PORT, ETC, PROGRAMS, VERSION, fatal, log, private, run
from front import Front
from keys import Keys, ca_hash, kubeconfig
from node import Node
from options import SERVER, options
from programs import Programs, notify


class Server:
    def __init__(self, argv):
        o = self.o = options(SERVER, argv)
        self.data = Path(o["data-dir"] or "/var/lib/rancher/k3s")
        self.cidr = (o["cluster-cidr"] or ["10.42.0.0/16"])[0]
        self.services = (o["service-cidr"] or ["10.43.0.0/16"])[0]
        self.domain = o["cluster-domain"] or "cluster.local"
        self.port = int(o["https-listen-port"] or 6443)
        self.server, self.programs = self.data / "server", Programs(self.data)
        self.node = Node(o, self.data, self.programs)
        self.advertise = o["advertise-address"] or (o["node-external-ip"] or [self.node.ip])[0]
        self.first_service = str(ipaddress.ip_network(self.services)[1])
        log("info", f"Starting k3s {VERSION} (stand-in)")

    def tokens(self):
        def secret(name):
            given = self.o[name] or (Path(self.o[name + "-file"]).read_text().strip() if self.o[name + "-file"] else "")
            return given.rpartition(":")[2] if given.startswith("K10") else given
        file = self.server / "token"
        ca = ca_hash((self.keys.dir / "server-ca.crt").read_text())
        old = file.read_text().strip().rpartition(":")[2] if file.exists() else ""
        self.secret, self.agent_secret = secret("token") or old or secrets.token_hex(16), secret("agent-token")
        if old and old != self.secret:
            fatal("bootstrap data already found and encrypted with different token")
        private(file, f"K10{ca}::server:{self.secret}\n")
        for name, to in (("node-token", "token"), ("agent-token", "token")):
            link = self.server / name
            if not link.is_symlink() and not link.exists():
                link.symlink_to(self.server / to)
        if self.agent_secret:
            (self.server / "agent-token").unlink()
            private(self.server / "agent-token", f"K10{ca}::node:{self.agent_secret}\n")
            (self.server / "node-token").unlink()
            (self.server / "node-token").symlink_to(self.server / "agent-token")

    def make_keys(self):
        keys = self.keys = Keys(self.server / "tls")
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{self.domain}",
                 "localhost", "127.0.0.1", "::1", self.first_service, self.node.ip, self.advertise, self.node.name,
                 *self.o["node-external-ip"], *self.o["tls-san"]]
        keys.make("serving-kube-apiserver", "kube-apiserver", sans=names, ca="server-ca")
        for name, cn, orgs in (("client-admin", "system:admin", ["system:masters"]),
                               ("client-kube-apiserver", "system:apiserver", ["system:masters"]),
                               ("client-controller", "system:kube-controller-manager", []),
                               ("client-scheduler", "system:kube-scheduler", [])):
            keys.make(name, cn, orgs, ca="client-ca")
        keys.make("client-auth-proxy", "system:auth-proxy", ca="request-header-ca")
        for name in "server-ca.crt", "client-ca.crt":
            shutil.copy(keys.dir / name, self.node.agent / name)
        for name in "controller", "scheduler":
            kubeconfig(self.server / f"cred/{name}.kubeconfig", f"https://127.0.0.1:{API_PORT}", keys.dir / "server-ca.crt",
                       keys.dir / f"client-{name}.crt", keys.dir / f"client-{name}.key")

    def sign(self, name, request, node, ip):
        cn, orgs, sans = {
            "serving-kubelet": (node, [], [node, ip, "127.0.0.1", "localhost"]),
            "client-kubelet": (f"system:node:{node}", ["system:nodes"], []),
            "client-kube-proxy": ("system:kube-proxy", [], []),
            "client-k3s-controller": ("system:k3s-controller", [], [])}[name]
        return self.keys.sign(request, cn, orgs, sans)

    # What the supervisor answers itself

    def page(self, method, path, headers, body):
        if path == "/ping":
            return 200, "pong"
        if path == "/cacerts":
            return 200, (self.keys.dir / "server-ca.crt").read_text()
        try:
            user, _, word = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode().partition(":")
        except ValueError:
            user = word = ""
        good = [s for u, s in (("server", self.secret), ("node", self.agent_secret or self.secret)) if u == user]
        if not any(hmac.compare_digest(word, s) for s in good):
            return 401, "Unauthorized"
        what = path.removeprefix("/v1-k3s/")
        if what == "config":
            return 200, json.dumps({"ClusterIPRange": self.cidr, "ServiceIPRange": self.services, "ClusterDomain": self.domain,
                                    "FlannelBackend": self.o["flannel-backend"] or "vxlan",
                                    "DisableKubeProxy": self.o["disable-kube-proxy"]})
        if what == "apiservers":
            return 200, json.dumps([f"{self.advertise}:{self.port}"])
        if what in ("server-ca.crt", "client-ca.crt"):
            return 200, (self.keys.dir / what).read_text()
        name = what.removesuffix(".crt")
        if name not in ("serving-kubelet", "client-kubelet", "client-kube-proxy", "client-k3s-controller"):
            return 404, "not found"
        node, word, ip = (headers.get(f"k3s-node-{k}", "") for k in ("name", "password", "ip"))
        if "kubelet" in name:
            if not (node and word):
                return 400, "node name and password must be set"
            if not self.knows(node, word):
                return 403, f"unable to verify password for node {node}: hash does not match"
        return 200, self.sign(name, body, node, ip)

    def knows(self, node, word):
        """The password that the node came with first; forgotten with its Node object."""
        name, at = f"{node}.node-password.k3s", "/api/v1/namespaces/kube-system/secrets"
        status, old = self.api("GET", f"{at}/{name}")
        if status == 200 and self.api("GET", f"/api/v1/nodes/{node}")[0] == 200:
            salt, _, kept = base64.b64decode(old["data"]["hash"]).decode().partition(":")
            return hmac.compare_digest(hashlib.sha256((salt + word).encode()).hexdigest(), kept)
        salt = secrets.token_hex(8)
        self.api.put(at, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "immutable": False,
                          "stringData": {"hash": salt + ":" + hashlib.sha256((salt + word).encode()).hexdigest()}})
        return True

    def start_control_plane(self):
        o, tls, start, extra = self.o, self.keys.dir, self.programs.start, lambda n: [f"--{a}" for a in o[n]]
        ca = tls / "client-ca.crt"
        more = []
        if o["secrets-encryption"]:
            file = self.server / "cred/encryption-config.json"
            if not file.exists():
                key = {"name": "aescbckey", "secret": base64.b64encode(secrets.token_bytes(32)).decode()}
                private(file, json.dumps({
                    "kind": "EncryptionConfiguration", "apiVersion": "apiserver.config.k8s.io/v1", "resources": [
                        {"resources": ["secrets"], "providers": [{"aescbc": {"keys": [key]}}, {"identity": {}}]}]}))
            more.append(f"--encryption-provider-config={file}")
        url = "http://127.0.0.1:2379"
        start("etcd", "--name", "k3s", "--data-dir", self.server / "db/etcd", "--unsafe-no-fsync", "--log-level", "warn",
              "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", "http://127.0.0.1:2380",
              "--initial-advertise-peer-urls", "http://127.0.0.1:2380", "--initial-cluster", "k3s=http://127.0.0.1:2380")
        start("kube-apiserver", f"--etcd-servers={url}", "--bind-address=127.0.0.1", f"--secure-port={API_PORT}",
              f"--advertise-address={self.advertise}", "--endpoint-reconciler-type=none", "--allow-privileged=true",
              "--anonymous-auth=false", "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
              "--enable-aggregator-routing=true", f"--service-cluster-ip-range={self.services}", f"--client-ca-file={ca}",
              f"--tls-cert-file={tls}/serving-kube-apiserver.crt", f"--tls-private-key-file={tls}/serving-kube-apiserver.key",
              f"--kubelet-certificate-authority={tls}/server-ca.crt", "--kubelet-preferred-address-types=InternalIP",
              f"--kubelet-client-certificate={tls}/client-kube-apiserver.crt",
              f"--kubelet-client-key={tls}/client-kube-apiserver.key",
              f"--requestheader-client-ca-file={tls}/request-header-ca.crt", "--requestheader-allowed-names=system:auth-proxy",
              "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
              "--requestheader-extra-headers-prefix=X-Remote-Extra-",
              f"--proxy-client-cert-file={tls}/client-auth-proxy.crt", f"--proxy-client-key-file={tls}/client-auth-proxy.key",
              f"--service-account-issuer=https://kubernetes.default.svc.{self.domain}",
              f"--api-audiences=https://kubernetes.default.svc.{self.domain},k3s",
              f"--service-account-key-file={tls}/service.key", f"--service-account-signing-key-file={tls}/service.key",
              *more, *extra("kube-apiserver-arg"))
        Front(self, o["bind-address"] or "0.0.0.0", self.port)
        self.api = Api("127.0.0.1", API_PORT, tls / "server-ca.crt", tls / "client-admin.crt", tls / "client-admin.key")
        self.programs.wait("API server", 180, lambda: self.api("GET", "/readyz")[0] == 200)
        start("kube-controller-manager", f"--kubeconfig={self.server}/cred/controller.kubeconfig", "--leader-elect=false",
              "--bind-address=127.0.0.1", f"--root-ca-file={tls}/server-ca.crt", "--use-service-account-credentials=true",
              f"--service-account-private-key-file={tls}/service.key", "--allocate-node-cidrs=true",
              f"--cluster-cidr={self.cidr}", f"--service-cluster-ip-range={self.services}",
              *[f"--cluster-signing-{signer}-{part}-file={tls}/{by}.{suffix}"
                for signer, by in (("kube-apiserver-client", "client-ca"), ("kubelet-client", "client-ca"),
                                   ("kubelet-serving", "server-ca"), ("legacy-unknown", "server-ca"))
                for part, suffix in (("cert", "crt"), ("key", "key"))], *extra("kube-controller-manager-arg"))
        start("kube-scheduler", f"--kubeconfig={self.server}/cred/scheduler.kubeconfig", "--leader-elect=false",
              "--bind-address=127.0.0.1", *extra("kube-scheduler-arg"))

    def first_objects(self):
        """The endpoint of the kubernetes service, and the rights of the agents' network part."""
        meta = {"name": "kubernetes", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}
        at = "/api/v1/namespaces/default/endpoints"
        self.programs.wait("namespace default", 60, lambda: self.api("GET", "/api/v1/namespaces/default")[0] == 200)
        self.api.put(at, {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": [
            {"addresses": [{"ip": self.advertise}], "ports": [{"name": "https", "port": self.port, "protocol": "TCP"}]}]})
        self.api.put("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "endpoints": [{"addresses": [self.advertise], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": self.port, "protocol": "TCP"}]})
        group, name = "rbac.authorization.k8s.io", "system:k3s-controller"
        self.api.put(f"/apis/{group}/v1/clusterroles", {
            "apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": [""], "resources": ["nodes", "nodes/status"], "verbs": ["get", "list", "watch", "patch"]}]})
        self.api.put(f"/apis/{group}/v1/clusterrolebindings", {
            "apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": name}]})

    def follow_manifests(self):
        done, manifests = {}, self.server / "manifests"
        manifests.mkdir(exist_ok=True)
        if "runtimes" not in self.o["disable"]:
            (manifests / "runtimes.yaml").write_text("".join(
                f"apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {{name: {n}}}\nhandler: {n}\n---\n"
                for n in ("nvidia", "nvidia-cdi", "nvidia-experimental")))
        while True:
            for file in sorted(p for p in manifests.rglob("*") if p.suffix in (".yaml", ".yml", ".json") and p.exists()):
                stamp = file.stat().st_mtime_ns, file.stat().st_size
                seen = done.get(file, (None, 0))
                if Path(f"{file}.skip").exists() or seen[0] == stamp and time.monotonic() < seen[1]:
                    continue
                out = run(PROGRAMS / "bin/kubectl", "--kubeconfig", self.kubeconfig, "apply", "-f", file, check=False)
                good = not out.returncode
                log("info" if good else "error", f"Applied manifest {file}: {(out.stderr or out.stdout).strip()}")
                done[file] = stamp, float("inf") if good else time.monotonic() + 15
            time.sleep(1)

    def run(self):
        self.make_keys()
        self.tokens()
        self.node.start_runtime()
        self.start_control_plane()
        tls = self.keys.dir
        self.kubeconfig = Path(self.o["write-kubeconfig"] or ETC / "k3s/k3s.yaml")
        kubeconfig(self.kubeconfig, f"https://127.0.0.1:{self.port}", tls / "server-ca.crt", tls / "client-admin.crt",
                   tls / "client-admin.key", embed=True)
        if self.o["write-kubeconfig-mode"]:
            self.kubeconfig.chmod(int(self.o["write-kubeconfig-mode"], 8))
        self.first_objects()
        notify("READY=1\nSTATUS=k3s is up and running")
        log("info", "k3s is up and running")
        node = self.node
        node.start_kubelet(f"https://127.0.0.1:{API_PORT}", lambda n, csr: self.sign(n, csr, node.name, node.ip), self.domain)
        threading.Thread(target=self.follow_manifests, daemon=True).start()
        self.programs.wait("node", 120, lambda: node.own(self.api))
        self.api("PATCH", f"/api/v1/nodes/{node.name}", {"metadata": {
            "labels": {"node-role.kubernetes.io/control-plane": "true", "node.kubernetes.io/instance-type": "k3s"},
            "annotations": {"k3s.io/hostname": node.name, "k3s.io/internal-ip": node.ip}}}, "application/merge-patch+json")
        node.start_network(self.api, self.cidr, self.o["flannel-backend"] or "vxlan", not self.o["disable-kube-proxy"])
