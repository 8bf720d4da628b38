"""A real Kubernetes cluster of one node in a network namespace that somebody else made and connected: "home".

    home = HomeCluster(folder, netns, programs, images, address="192.168.1.54", also=["10.42.1.1"])
    home.kubeconfig          the administrator's: its API is at https://<address>:6443
    home.kubectl("get", "nodes")
    home.signal("kube-apiserver", "STOP")
    home.stop()              everything ends: programs, pods, mounts

The node is a set of namespaces in which node.py is pid 1. Needs root, Debian's containerd, runc, CNI plugins, iptables and
conntrack, control groups of version 1, and build.sh's programs. From nothing to a Ready node 12-16 s; 1.2 GiB.
"""
import ipaddress
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import kubernetes

HERE = pathlib.Path(__file__).resolve().parent
NODE = "home-1"
PODS, SERVICES, FIRST_SERVICE = "10.77.1.0/24", "10.96.1.0/24", "10.96.1.1"
PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"]

CONTAINERD = """version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "local.test/pause:1"
restrict_oom_score_adj = true   # root here may lack CAP_SYS_RESOURCE
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def wait_for(what, seconds, test, every=0.2):
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(every)


def hierarchies():
    """Of control groups, version 1: {names: path of our own group}."""
    lines = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    mounted = [(m[4], m[m.index("-") + 3].split(",")) for m in lines if m[m.index("-") + 1] == "cgroup"]
    found = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, own = line.split(":", 2)
        for point, options in mounted:
            if names and set(names.split(",")) <= set(options):
                found[names] = point + own.rstrip("/")
                break
    return found


def kill_groups(name):
    """Ends what is in the groups of that name, and removes them; also those of a run that was killed."""
    tops = [pathlib.Path(path) / name for path in hierarchies().values()]

    def gone():
        for top in tops:
            for at, _, _ in os.walk(top, topdown=False):
                try:
                    for pid in (pathlib.Path(at) / "cgroup.procs").read_text().split():
                        os.kill(int(pid), signal.SIGKILL)
                    os.rmdir(at)
                except OSError:
                    pass
        return not any(top.exists() for top in tops)

    wait_for("control groups empty", 30, gone, 0.1)


class HomeCluster:
    def __init__(self, folder, netns, programs, images, address, also=(), name="te-home"):
        self.folder, self.netns, self.programs, self.name = pathlib.Path(folder), netns, pathlib.Path(programs), name
        self.address, self.images, self.process = address, images, None
        self.url, self.kubeconfig = f"https://{address}:6443", self.folder / "admin.config"
        self.folder.mkdir(parents=True)
        self.make_keys([address, FIRST_SERVICE, "127.0.0.1", *also])
        self.make_files()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def make_keys(self, addresses):
        f = self.folder
        authority = kubernetes.Authority(f, "home-ca")
        names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
        authority.issue("server", "kube-apiserver", names=[
            *(x509.IPAddress(ipaddress.ip_address(a)) for a in addresses), *map(x509.DNSName, names)])
        for file, common_name, groups, server in (
                ("admin", "admin", ["system:masters"], self.url),
                ("to-kubelet", "kube-apiserver", ["system:masters"], None),
                ("controller-manager", "system:kube-controller-manager", [], "https://127.0.0.1:6443"),
                ("scheduler", "system:kube-scheduler", [], "https://127.0.0.1:6443"),
                ("proxy", "system:kube-proxy", [], "https://127.0.0.1:6443"),
                ("kubelet", f"system:node:{NODE}", ["system:nodes"], "https://127.0.0.1:6443")):
            authority.issue(file, common_name, groups)
            if server:
                self.write_config(file, server)
        key = rsa.generate_private_key(65537, 2048)
        kubernetes.write_key(f / "sa.key", key)
        (f / "sa.pub").write_bytes(key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        self.authority = authority

    def write_config(self, file, server):
        """folder/FILE.config, a kubeconfig in JSON, which is YAML."""
        path = self.folder / f"{file}.config"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "home",
            "clusters": [{"name": "home", "cluster": {
                "server": server, "certificate-authority-data": kubernetes.data(self.folder / "ca.crt")}}],
            "users": [{"name": file, "user": {
                "client-certificate-data": kubernetes.data(self.folder / f"{file}.crt"),
                "client-key-data": kubernetes.data(self.folder / f"{file}.key")}}],
            "contexts": [{"name": "home", "context": {"cluster": "home", "user": file}}]}, indent=1))
        path.chmod(0o600)
        return path

    def user(self, name, groups=(), days=30):
        """A kubeconfig of somebody who may nothing, until RBAC lets him."""
        self.authority.issue(name, name, list(groups), days=days)
        return self.write_config(name, self.url)

    def make_files(self):
        f = self.folder
        (f / "containerd.toml").write_text(CONTAINERD.format(folder=f))
        (f / "cni").mkdir()
        (f / "cni/10-bridge.conflist").write_text(json.dumps({
            "cniVersion": "1.0.0", "name": "pods", "plugins": [
                {"type": "bridge", "bridge": "cni0", "isGateway": True, "isDefaultGateway": True, "ipMasq": True,
                 "hairpinMode": True, "mtu": 1300, "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]]}},
                {"type": "portmap", "capabilities": {"portMappings": True}}]}))
        (f / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (f / "kubelet.json").write_text(json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "failCgroupV1": False, "cgroupDriver": "cgroupfs", "cgroupRoot": "/", "enforceNodeAllocatable": [],
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "oomScoreAdj": 0, "maxOpenFiles": 20000, "failSwapOn": False, "localStorageCapacityIsolation": False,
            "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
            "imageGCHighThresholdPercent": 100,
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                               "x509": {"clientCAFile": f"{f}/ca.crt"}},
            "authorization": {"mode": "Webhook"}, "clusterDomain": "cluster.local",
            "resolvConf": f"{f}/resolv.conf", "nodeStatusUpdateFrequency": "5s"}))
        (f / "kube-proxy.json").write_text(json.dumps({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
            "mode": "iptables", "hostnameOverride": NODE, "clusterCIDR": PODS, "oomScoreAdj": 0,
            "clientConnection": {"kubeconfig": f"{f}/proxy.config"},
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249"}))

    def start(self):
        f, groups = self.folder, hierarchies()
        instances = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
        if int(instances.read_text()) < 1024:  # two kubelets and two containerds need more than the usual 128
            instances.write_text("1024\n")
        kill_groups(self.name)
        for names, path in groups.items():
            group, parent = pathlib.Path(path) / self.name, pathlib.Path(path)
            group.mkdir()
            if "cpuset" in names.split(","):
                for file in "cpuset.cpus", "cpuset.mems":
                    (group / file).write_text((parent / file).read_text())
                (group / "cgroup.clone_children").write_text("1")
        (f / "node.json").write_text(json.dumps({
            "folder": str(f), "node": NODE, "address": self.address, "services": SERVICES, "cgroups": list(groups)}))

        def join():
            for path in groups.values():
                (pathlib.Path(path) / self.name / "cgroup.procs").write_text(str(os.getpid()))

        with open(f / "node.log", "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/run/netns/{self.netns}", "unshare", "--mount", "--uts",
                 "--ipc", "--cgroup", "--pid", "--fork", "--propagation", "private", "--kill-child", sys.executable,
                 HERE / "node.py", f / "node.json"], preexec_fn=join, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}, cwd="/")
        wait_for("the node's first process", 10, self.children)
        wait_for("containerd", 30, lambda: self.inside("ctr", "version", check=False).returncode == 0)
        imports = [self.inside("ctr", "-n", "k8s.io", "images", "import", tar, start=True) for tar in self.images]
        wait_for("control plane", 180, (f / "started").exists)
        wait_for("node Ready", 180, lambda: "True" in self.kubectl(
            "get", "node", NODE, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}", check=False))
        wait_for("default service account", 60, lambda: self.kubectl("get", "sa", "default", "-o", "name", check=False))
        for child in imports:
            if child.wait():
                raise RuntimeError("an image could not be imported")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        kill_groups(self.name)
        self.process = None

    def children(self):
        return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    def inside(self, *argv, check=True, start=False):
        """A command in all of the node's namespaces."""
        command = ["nsenter", "-t", self.children()[0], "-m", "-u", "-i", "-n", "-p", *map(str, argv)]
        if start:
            return subprocess.Popen(command, stdout=subprocess.DEVNULL)
        return subprocess.run(command, check=check, text=True, capture_output=True)

    def kubectl(self, *argv, check=True, text=None):
        """What it printed."""
        done = subprocess.run(["nsenter", f"--net=/run/netns/{self.netns}", self.programs / "kubectl", "--kubeconfig",
                               self.kubeconfig, *map(str, argv)], text=True, capture_output=True, input=text, timeout=120)
        if check and done.returncode:
            raise AssertionError(f"kubectl {argv}: {done.stderr}")
        return done.stdout

    def signal(self, program, number):
        """To one program of the node, e.g. "kube-apiserver", "STOP". One that is killed is started again after a second."""
        hit = 0
        for at, _, _ in os.walk(pathlib.Path(hierarchies()["pids"] if "pids" in hierarchies() else
                                             next(p for n, p in hierarchies().items() if "pids" in n.split(","))) / self.name):
            for pid in (pathlib.Path(at) / "cgroup.procs").read_text().split():
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == program[:15]:
                    os.kill(int(pid), getattr(signal, "SIG" + number))
                    hit += 1
        assert hit, f"{program} does not run"
