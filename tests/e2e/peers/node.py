#!/usr/bin/env python3
"""The inside of a Kubernetes node: node.py DESCRIPTION.JSON, as pid 1 of namespaces that home.py has made for it.

Makes its mounts, then starts etcd, containerd, the control plane, kubelet and kube-proxy, and starts again what ends by itself.
When it is killed, everything in its namespaces ends with it.
"""
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.request

# What a kubelet sets for the whole machine unless it is so already.
SETTINGS = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1}


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True)


def programs(it):
    """name -> command line, in the order of starting."""
    d, etcd = it["folder"], "http://127.0.0.1:2379"
    return {
        "containerd": ["containerd", "-c", f"{d}/containerd.toml"],
        "etcd": ["etcd", "--name=home", "--data-dir=/var/lib/etcd", "--unsafe-no-fsync", "--log-level=warn",
                 f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}", "--listen-peer-urls=http://127.0.0.1:2380",
                 "--initial-advertise-peer-urls=http://127.0.0.1:2380", "--initial-cluster=home=http://127.0.0.1:2380"],
        "kube-apiserver": [
            "kube-apiserver", f"--etcd-servers={etcd}", f"--advertise-address={it['address']}", "--bind-address=0.0.0.0",
            "--secure-port=6443", "--allow-privileged=true", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--enable-aggregator-routing=true",  # webhooks are called at endpoint addresses, not service addresses
            f"--service-cluster-ip-range={it['services']}", f"--client-ca-file={d}/ca.crt", f"--tls-cert-file={d}/server.crt",
            f"--tls-private-key-file={d}/server.key", f"--kubelet-client-certificate={d}/to-kubelet.crt",
            f"--kubelet-client-key={d}/to-kubelet.key", "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local", "--shutdown-delay-duration=0s",
            f"--service-account-key-file={d}/sa.pub", f"--service-account-signing-key-file={d}/sa.key"],
        "kube-controller-manager": [
            "kube-controller-manager", f"--kubeconfig={d}/controller-manager.config", "--leader-elect=false",
            "--bind-address=127.0.0.1", f"--root-ca-file={d}/ca.crt", "--use-service-account-credentials=true",
            f"--service-account-private-key-file={d}/sa.key", f"--cluster-signing-cert-file={d}/ca.crt",
            f"--cluster-signing-key-file={d}/ca.key"],  # Liqo's identities are signed through the CSR API
        "kube-scheduler": ["kube-scheduler", f"--kubeconfig={d}/scheduler.config", "--leader-elect=false",
                           "--bind-address=127.0.0.1"],
        "kubelet": ["kubelet", f"--config={d}/kubelet.json", f"--kubeconfig={d}/kubelet.config", "--root-dir=/var/lib/kubelet",
                    "--cert-dir=/var/lib/kubelet/pki", f"--hostname-override={it['node']}", f"--node-ip={it['address']}"],
        "kube-proxy": ["kube-proxy", f"--config={d}/kube-proxy.json"],
    }


def mounts(it):
    d = pathlib.Path(it["folder"])
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    subprocess.run(["umount", "-R", "-l", "/sys"], check=False)
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/sys/fs/cgroup")
    for names in it["cgroups"]:  # version 1; the control group namespace makes our own group "/"
        at = pathlib.Path("/sys/fs/cgroup") / names.removeprefix("name=")
        at.mkdir()
        run("mount", "-t", "cgroup", "-o", ("none," if "name=" in names else "") + names, "cgroup", at)
        for part in names.split(","):
            if "," in names:
                (at.parent / part).symlink_to(at.name)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for inside in "/var/lib", "/var/log":
        outside = d / inside.replace("/", "-").strip("-")
        outside.mkdir(exist_ok=True)
        run("mount", "--bind", outside, inside)
    for name, value in SETTINGS.items():
        shadow = pathlib.Path("/run") / name.replace("/", ".")
        shadow.write_text(f"{value}\n")
        run("mount", "--bind", shadow, f"/proc/sys/{name}")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    run("mount", "--make-rshared", "/")
    run("hostname", it["node"])


def main():
    it = json.loads(pathlib.Path(sys.argv[1]).read_text())
    d, todo, running = pathlib.Path(it["folder"]), programs(it), {}
    mounts(it)
    (d / "log").mkdir(exist_ok=True)

    def start(name):
        with open(d / f"log/{name}.log", "ab") as log:
            running[subprocess.Popen(todo[name], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/").pid] = name

    def api_ready():
        try:
            trust = ssl.create_default_context(cafile=str(d / "ca.crt"))
            return urllib.request.urlopen("https://127.0.0.1:6443/readyz", context=trust, timeout=2).status == 200
        except OSError:
            return False

    for name in todo:
        if name == "kube-controller-manager":
            for _ in range(600):
                if api_ready():
                    break
                time.sleep(0.2)
        start(name)
    (d / "started").touch()
    while True:  # reap orphans; start again what ended by itself
        pid, _ = os.wait()
        if pid in running:
            time.sleep(1)
            start(running.pop(pid))


if __name__ == "__main__":
    main()
