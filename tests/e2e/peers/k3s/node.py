"""What servers and agents have in common: containerd, kubelet, kube-proxy, the pod network."""
import http.client
import ipaddress
import json
import socket
import threading
import time
from pathlib import Path

from base import PROGRAMS, RUN, SOCKET, log, run
from keys import kubeconfig
from options import address_of
from programs import Images


class Node:
    """containerd, kubelet, kube-proxy and the pod network: on servers and agents alike."""

    def __init__(self, o, data, programs):
        self.o, self.agent, self.programs = o, data / "agent", programs
        self.name = (o["node-name"] or socket.gethostname()).lower()
        self.iface, own, self.mtu = address_of(o["flannel-iface"])
        self.ip = o["node-ip"][0] if o["node-ip"] else address_of("")[1]
        self.vtep = own
        for d in "images", "etc/containerd", "etc/cni/net.d", "etc/kubelet.conf.d":
            (self.agent / d).mkdir(parents=True, exist_ok=True)

    def start_runtime(self):
        config = self.agent / "etc/containerd/config.toml"
        config.write_text(f"""version = 2
root = "{self.agent}/containerd"
state = "{RUN}/containerd"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{self.o['pause-image'] or 'local.test/pause:1'}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{self.agent}/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
""")
        self.programs.start("containerd", "-c", config)
        Images(self.agent / "images", PROGRAMS / "images")

    def start_kubelet(self, server, sign, domain):
        """sign(name, request) gives the certificate for a request; the CA files are there already."""
        a = self.agent
        ca = a / "server-ca.crt"
        for name in "serving-kubelet", "client-kubelet", "client-kube-proxy", "client-k3s-controller":
            key = a / f"{name}.key"
            run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
            request = run("openssl", "req", "-new", "-key", key, "-subj", "/CN=x").stdout
            (a / f"{name}.crt").write_text(sign(name, request))
        for name, cert in (("kubelet", "client-kubelet"), ("kubeproxy", "client-kube-proxy"),
                           ("k3scontroller", "client-k3s-controller")):
            kubeconfig(a / f"{name}.kubeconfig", server, ca, a / f"{cert}.crt", a / f"{cert}.key")
        resolv = self.o["resolv-conf"] or "/etc/resolv.conf"
        (a / "etc/kubelet.conf.d/00-k3s-defaults.conf").write_text(json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "failCgroupV1": False, "cgroupDriver": "cgroupfs", "enforceNodeAllocatable": [],
            "containerRuntimeEndpoint": f"unix://{SOCKET}", "oomScoreAdj": 0, "maxOpenFiles": 20000, "failSwapOn": False,
            "localStorageCapacityIsolation": False, "imageGCHighThresholdPercent": 100,
            "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                               "x509": {"clientCAFile": str(a / "client-ca.crt")}},
            "authorization": {"mode": "Webhook"}, "clusterDomain": domain, "resolvConf": resolv,
            "tlsCertFile": str(a / "serving-kubelet.crt"), "tlsPrivateKeyFile": str(a / "serving-kubelet.key"),
            "staticPodPath": str(a / "pod-manifests"), "nodeStatusUpdateFrequency": "5s"}, indent=1))
        o = self.o
        self.programs.start(
            "kubelet", f"--config-dir={a}/etc/kubelet.conf.d", f"--kubeconfig={a}/kubelet.kubeconfig",
            f"--hostname-override={self.name}", f"--node-ip={self.ip}", f"--provider-id=k3s://{self.name}",
            *([f"--node-labels={','.join(o['node-label'])}"] if o["node-label"] else []),
            *([f"--register-with-taints={','.join(o['node-taint'])}"] if o["node-taint"] else []),
            *[f"--{arg}" for arg in o["kubelet-arg"]])

    def start_network(self, api, cidr, backend="vxlan", proxy=True):
        if proxy:
            conf = self.agent / "etc/kube-proxy.json"
            conf.write_text(json.dumps({
                "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables",
                "hostnameOverride": self.name, "clusterCIDR": cidr, "oomScoreAdj": 0,
                "clientConnection": {"kubeconfig": str(self.agent / "kubeproxy.kubeconfig")},
                "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}}))
            self.programs.start("kube-proxy", f"--config={conf}")
        pods = self.programs.wait("pod network of the node", 120, lambda: self.own(api).get("podCIDR"))
        net, mtu = ipaddress.ip_network(pods), self.mtu - (50 if backend == "vxlan" else 0)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
        self.mac = "02:42:" + ":".join(f"{b:02x}" for b in ipaddress.ip_address(self.ip).packed)
        if backend == "vxlan":
            run("ip", "link", "del", "flannel.1", check=False)
            run("ip", "link", "add", "flannel.1", "address", self.mac, "mtu", mtu, "type", "vxlan", "id", 1, "local", self.vtep,
                "dev", self.iface, "dstport", 8472, "nolearning")
            run("ip", "addr", "add", f"{net[0]}/32", "dev", "flannel.1")
            run("ip", "link", "set", "flannel.1", "up")
        masquerade = ["POSTROUTING", "-s", pods, "!", "-d", cidr, "-j", "MASQUERADE"]
        if run("iptables", "-w", "-t", "nat", "-C", *masquerade, check=False).returncode:
            run("iptables", "-w", "-t", "nat", "-A", *masquerade)
        Path("/run/flannel").mkdir(exist_ok=True)
        Path("/run/flannel/subnet.env").write_text(
            f"FLANNEL_NETWORK={cidr}\nFLANNEL_SUBNET={net[1]}/{net.prefixlen}\nFLANNEL_MTU={mtu}\nFLANNEL_IPMASQ=true\n")
        (self.agent / "etc/cni/net.d/10-flannel.conflist").write_text(json.dumps({
            "cniVersion": "1.0.0", "name": "cbr0", "plugins": [
                {"type": "bridge", "bridge": "cni0", "isGateway": True, "isDefaultGateway": True, "hairpinMode": True,
                 "forceAddress": True, "mtu": mtu, "ipam": {"type": "host-local", "ranges": [[{"subnet": pods}]]}},
                {"type": "portmap", "capabilities": {"portMappings": True}}]}))
        self.peers = {}
        if backend == "vxlan":
            threading.Thread(target=self.follow_peers, args=(api,), daemon=True).start()

    def own(self, api):
        status, node = api("GET", f"/api/v1/nodes/{self.name}")
        return node["spec"] if status == 200 else {}

    def follow_peers(self, api):
        """flannel's work: a route, a neighbour and a tunnel end for every other node."""
        note = {"metadata": {"annotations": {"flannel.alpha.coreos.com/public-ip": self.vtep,
                                             "flannel.alpha.coreos.com/backend-type": "vxlan",
                                             "flannel.alpha.coreos.com/backend-data": json.dumps({"VtepMAC": self.mac})}}}
        api("PATCH", f"/api/v1/nodes/{self.name}", note, "application/merge-patch+json")
        while True:
            try:
                _, nodes = api("GET", "/api/v1/nodes")
                for n in nodes["items"]:
                    notes, pods = n["metadata"].get("annotations", {}), n["spec"].get("podCIDR")
                    to = notes.get("flannel.alpha.coreos.com/public-ip")
                    if n["metadata"]["name"] == self.name or not (pods and to) or self.peers.get(pods) == to:
                        continue
                    mac = json.loads(notes["flannel.alpha.coreos.com/backend-data"])["VtepMAC"]
                    gateway = pods.split("/")[0]
                    run("ip", "neigh", "replace", gateway, "lladdr", mac, "dev", "flannel.1", "nud", "permanent")
                    run("bridge", "fdb", "replace", mac, "dev", "flannel.1", "dst", to)
                    run("ip", "route", "replace", pods, "via", gateway, "dev", "flannel.1", "onlink")
                    self.peers[pods] = to
            except (OSError, RuntimeError, KeyError, TypeError, http.client.HTTPException) as e:
                log("warning", f"flannel: {e}")
            time.sleep(2)
