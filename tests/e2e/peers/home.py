"""A real Kubernetes cluster of one node in a network namespace that somebody else made and connected: "home".

    home = HomeCluster(folder, namespace, programs, images, address="192.168.1.54", also=["10.42.1.1"])
    home.kubeconfig                          the administrator's: its API is at https://<address>:6443
    home.user("jane", ["team"])              somebody else's, who may do nothing until RBAC says so
    home.kubectl("get", "nodes")             what it printed
    home.inside("ctr", "version")            a command in all of the node's namespaces
    home.signal("kube-apiserver", "KILL")    to one program; one that ends is started again after a second
    with home.frozen("kube-apiserver"): ...
    home.reset()                             the same cluster, address and keys, and nothing in it: 13 s
    home.stop()                              everything ends: programs, pods, mounts
    SecondNode(home, folder, namespace, "192.168.1.55")    one more node, until its stop()

The node is a set of namespaces in which node.py is pid 1, in control groups of metal/machine.py, so what cleans up there cleans
up here. Needs root, Debian's containerd, runc, CNI plugins, iptables and conntrack, control groups of version 1, and build.sh's
programs. From nothing to a Ready node 14 s; 1.2 GiB. One thing of the computer is changed and stays: the limit
fs.inotify.max_user_instances becomes 1024, for each kubelet and containerd takes some.
"""
import contextlib
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import kubernetes
import machine
from cryptography import x509

HERE = pathlib.Path(__file__).resolve().parent
NODE = "home-1"
PODS, SERVICES, FIRST_SERVICE = "10.77.1.0/24", "10.96.1.0/24", "10.96.1.1"
LOCAL_API = "https://127.0.0.1:6443"

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


class HomeCluster:
    GROUP = "home-node"  # below metal's control groups
    NODE, PODS = NODE, PODS

    def __init__(self, folder, namespace, programs, images, address, also=()):
        self.folder, self.namespace, self.programs = pathlib.Path(folder), namespace, pathlib.Path(programs)
        self.address, self.images, self.process = address, images, None
        self.url = f"https://{address}:6443"
        self.folder.mkdir(parents=True)
        self.make_keys([address, FIRST_SERVICE, "127.0.0.1", *also])
        self.make_files()
        self.start()

    def make_keys(self, addresses):
        self.authority = kubernetes.Authority(self.folder, "home-ca")
        service = "kubernetes.default.svc"
        names = ["localhost", "kubernetes", "kubernetes.default", service, f"{service}.cluster.local"]
        self.authority.issue("server", "kube-apiserver", names=[
            *(x509.IPAddress(ipaddress.ip_address(a)) for a in addresses), *map(x509.DNSName, names)])
        self.authority.issue("to-kubelet", "kube-apiserver", ["system:masters"])
        self.kubeconfig = self.user("admin", ["system:masters"])
        for name in "kube-controller-manager", "kube-scheduler", "kube-proxy":
            self.user(f"system:{name}", server=LOCAL_API, file=name)
        self.user(f"system:node:{self.NODE}", ["system:nodes"], server=LOCAL_API, file="kubelet")
        kubernetes.service_account_keys(self.folder)

    def user(self, name, groups=(), days=30, server=None, file=None):
        """The path of a new kubeconfig; days < 0: its certificate ended that long ago."""
        stem = self.folder / (file or name)
        self.authority.issue(stem.name, name, groups, days=days)
        return kubernetes.kubeconfig(stem.with_name(f"{stem.name}.config"), {
            "server": server or self.url, "certificate-authority-data": kubernetes.data(self.folder / "ca.crt")}, {
            "client-certificate-data": kubernetes.data(f"{stem}.crt"), "client-key-data": kubernetes.data(f"{stem}.key")})

    def make_files(self):
        f = self.folder
        (f / "containerd.toml").write_text(CONTAINERD.format(folder=f))
        (f / "cni").mkdir()
        (f / "cni/10-bridge.conflist").write_text(json.dumps({
            "cniVersion": "1.0.0", "name": "pods", "plugins": [
                {"type": "bridge", "bridge": "cni0", "isGateway": True, "isDefaultGateway": True, "ipMasq": True,
                 "hairpinMode": True, "mtu": 1300, "ipam": {"type": "host-local", "ranges": [[{"subnet": self.PODS}]]}},
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
            "clientConnection": {"kubeconfig": f"{f}/kube-proxy.config"},
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249"}))

    def commands(self):
        """By program, in the order of starting."""
        f, etcd = self.folder, "http://127.0.0.1:2379"
        commands = [
            ["containerd", "-c", f"{f}/containerd.toml"],
            kubernetes.etcd("/var/lib/etcd", etcd, "http://127.0.0.1:2380"),
            # Aggregator routing: webhooks are called at endpoint addresses, not service addresses
            [*kubernetes.api_server(f, etcd, SERVICES), f"--advertise-address={self.address}", "--bind-address=0.0.0.0",
             "--secure-port=6443", "--enable-admission-plugins=NodeRestriction", "--enable-aggregator-routing=true"],
            # The signing key: Liqo's identities are signed through the CSR API
            ["kube-controller-manager", f"--kubeconfig={f}/kube-controller-manager.config", "--leader-elect=false",
             "--bind-address=127.0.0.1", f"--root-ca-file={f}/ca.crt", "--use-service-account-credentials=true",
             f"--service-account-private-key-file={f}/sa.key", f"--cluster-signing-cert-file={f}/ca.crt",
             f"--cluster-signing-key-file={f}/ca.key"],
            ["kube-scheduler", f"--kubeconfig={f}/kube-scheduler.config", "--leader-elect=false", "--bind-address=127.0.0.1"],
            self.kubelet(),
            ["kube-proxy", f"--config={f}/kube-proxy.json"]]
        return {command[0]: command for command in commands}

    def kubelet(self, *more):
        return ["kubelet", f"--config={self.folder}/kubelet.json", f"--kubeconfig={self.folder}/kubelet.config",
                "--root-dir=/var/lib/kubelet", "--cert-dir=/var/lib/kubelet/pki", f"--hostname-override={self.NODE}",
                f"--node-ip={self.address}", *more]

    def start(self):
        try:
            self.spawn()
            wait_for("the node's first process", 10, lambda: pids_below(self.process.pid))
            wait_for("containerd", 30, lambda: self.inside("ctr", "version", check=False).returncode == 0)
            imports = [subprocess.Popen(self.enter(["ctr", "-n", "k8s.io", "images", "import", tar]), stdout=subprocess.DEVNULL)
                       for tar in self.images]
            wait_for("control plane", 180, (self.folder / "started").exists)
            wait_for("node Ready", 180, self.node_ready)
            wait_for("default service account", 60, lambda: self.kubectl("get", "sa", "default", "-o", "name", check=False))
            if any([child.wait() for child in imports]):
                raise RuntimeError("an image could not be imported")
        except BaseException:
            self.stop()
            raise

    def node_ready(self):
        return "True" in self.kubectl("get", "node", self.NODE, "-o",
                                      "jsonpath={.status.conditions[?(@.type=='Ready')].status}", check=False)

    def spawn(self):
        f, instances = self.folder, pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
        if int(instances.read_text()) < 1024:
            instances.write_text("1024\n")
        (f / "started").unlink(missing_ok=True)
        (f / "node.json").write_text(json.dumps({"node": self.NODE, "programs": self.commands()}))
        # First into the groups, then into the namespaces; pid 1 ends with this process even if that is killed.
        joined = 'for d in $CGROUPS; do echo $$ >"$d/cgroup.procs"; done; exec "$@"'
        unshared = ["nsenter", f"--net={self.namespace.path}", "unshare", "--mount", "--uts", "--ipc", "--cgroup", "--pid",
                    "--fork", "--propagation", "private", "--kill-child", sys.executable, str(HERE / "node.py"), str(f)]
        with open(f / "node.log", "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "sh", "-ec", joined, "sh", *unshared],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
                     "CGROUPS": " ".join(machine.make_cgroups(self.GROUP))})
        (f / "pid").write_text(str(self.process.pid))

    def stop(self):
        machine.kill_cgroups(self.GROUP)
        if self.process:
            self.process.wait()
        self.process = None

    def reset(self):
        self.stop()
        for part in "var-lib", "var-log":
            shutil.rmtree(self.folder / part)
        self.namespace.run("ip", "link", "del", "cni0", check=False)
        self.namespace.run("iptables-restore", text="".join(f"*{table}\nCOMMIT\n" for table in ("nat", "filter", "mangle")))
        self.start()

    def enter(self, argv):
        return enter(self.folder, argv)

    def inside(self, *argv, check=True):
        return subprocess.run(self.enter(argv), check=check, text=True, capture_output=True)

    def kubectl(self, *argv, check=True, text=None, err=False):
        # A cache of its own: what an earlier cluster at this address served is none of this one's.
        done = subprocess.run(["nsenter", f"--net={self.namespace.path}", self.programs / "kubectl", "--kubeconfig",
                               self.kubeconfig, "--cache-dir", self.folder / "kubectl-cache", *map(str, argv)],
                              text=True, capture_output=True, input=text, timeout=180)
        if check and done.returncode:
            raise AssertionError(f"kubectl {argv}: {done.stderr}")
        return done.stderr if err else done.stdout

    def signal(self, program, name):
        hit = [pid for pid in pids_below(first_process(self.folder))
               if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == program[:15]]
        assert hit, f"{program} does not run"
        for pid in hit:
            os.kill(pid, getattr(signal, f"SIG{name}"))

    def have_image(self, tar):
        """As an image that the node has pulled."""
        self.inside("ctr", "-n", "k8s.io", "images", "import", tar)

    @contextlib.contextmanager
    def frozen(self, program):
        """It accepts connections and says nothing, while the `with` lasts."""
        self.signal(program, "STOP")
        try:
            yield
        finally:
            self.signal(program, "CONT")


class SecondNode(HomeCluster):
    """One more node of that cluster, of a real containerd and kubelet in namespaces of its own: what a DaemonSet needs, and what
    tolerates its taint. No kube-proxy, and no way to the other node's pods. 4 s to Ready."""
    GROUP, NODE, PODS = "home-node-2", "home-2", "10.77.2.0/24"

    def __init__(self, cluster, folder, namespace, address):
        self.cluster, self.folder, self.namespace, self.address = cluster, pathlib.Path(folder), namespace, address
        self.programs, self.kubeconfig, self.process = cluster.programs, cluster.kubeconfig, None
        self.folder.mkdir(parents=True)
        shutil.copy(cluster.folder / "ca.crt", self.folder)
        shutil.copy(cluster.user(f"system:node:{self.NODE}", ["system:nodes"], file="kubelet-2"), self.folder / "kubelet.config")
        self.make_files()
        self.start()

    def commands(self):
        return {"containerd": ["containerd", "-c", f"{self.folder}/containerd.toml"],
                "kubelet": self.kubelet("--register-with-taints=second=node:NoSchedule")}

    def start(self):
        try:
            self.spawn()
            wait_for("the second node's first process", 10, lambda: pids_below(self.process.pid))
            wait_for("the second node's containerd", 30, lambda: self.inside("ctr", "version", check=False).returncode == 0)
            for tar in self.cluster.images:
                if tar.name != "liqo.tar":
                    self.have_image(tar)
            wait_for("second node Ready", 60, self.node_ready)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        super().stop()
        self.kubectl("delete", "node", self.NODE, "--ignore-not-found", check=False)


def pids_below(pid):
    return list(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def first_process(folder):
    """The node's pid 1, as this computer sees it: the only child of the process that made the namespaces."""
    return pids_below((folder / "pid").read_text())[0]


def enter(folder, argv):
    """The command line for the node of the cluster in that folder."""
    return ["nsenter", "-t", str(first_process(folder)), "-m", "-u", "-i", "-n", "-p", "-C", *map(str, argv)]
