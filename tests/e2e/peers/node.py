#!/usr/bin/env python3
"""The inside of a Kubernetes node: node.py FOLDER, as pid 1 of namespaces that home.py has made for it.

Makes its mounts, then starts the programs of FOLDER/node.json in their order, and starts again what ends by itself. When it is
killed, everything in its namespaces ends with it.
"""
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.request

# What a kubelet sets for the whole computer unless it is so already.
SETTINGS = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1}


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True)


def mount_cgroups():
    """Version 1, each hierarchy anew: the control group namespace makes our own group "/"."""
    top = pathlib.Path("/sys/fs/cgroup")
    lines = [line.split(":")[1] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()]
    hierarchies = [names for names in lines if names and (top / names.removeprefix("name=")).is_dir()]
    subprocess.run(["umount", "-R", "-l", "/sys"], check=False)
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", top)
    for names in hierarchies:
        at = top / names.removeprefix("name=")
        at.mkdir()
        run("mount", "-t", "cgroup", "-o", ("none," if "name=" in names else "") + names, "cgroup", at)
        for part in names.split(","):
            if "," in names:
                (top / part).symlink_to(at.name)


def mount_all(folder):
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    mount_cgroups()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for inside, outside in ("/var/lib", "var-lib"), ("/var/log", "var-log"):
        (folder / outside).mkdir(exist_ok=True)
        run("mount", "--bind", folder / outside, inside)
    for name, value in SETTINGS.items():
        shadow = pathlib.Path("/run") / name.replace("/", ".")
        shadow.write_text(f"{value}\n")
        run("mount", "--bind", shadow, f"/proc/sys/{name}")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    run("mount", "--make-rshared", "/")


def api_ready(folder):
    trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    try:
        return urllib.request.urlopen("https://127.0.0.1:6443/readyz", context=trust, timeout=2).status == 200
    except OSError:
        return False


def main():
    folder = pathlib.Path(sys.argv[1])
    it, running = json.loads((folder / "node.json").read_text()), {}
    mount_all(folder)
    run("hostname", it["node"])
    (folder / "log").mkdir(exist_ok=True)

    def start(name):
        with open(folder / f"log/{name}.log", "ab") as log:
            running[subprocess.Popen(it["programs"][name], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/").pid] = name

    for name in it["programs"]:
        while name == "kube-controller-manager" and not api_ready(folder):  # whoever waits for the node has a limit
            time.sleep(0.2)
        start(name)
    (folder / "started").touch()
    while True:  # reap orphans; start again what ended by itself
        pid, _ = os.wait()
        if pid in running:
            time.sleep(1)
            start(running.pop(pid))


if __name__ == "__main__":
    main()
