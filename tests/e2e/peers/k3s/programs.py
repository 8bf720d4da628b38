"""The children, systemd's word, and images."""
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from base import CTR, PROGRAMS, RUN, SOCKET, fatal, log, run


class Programs:
    """The children. When one ends, all end, and so does this program: k3s is one process."""

    def __init__(self, data):
        self.logs, self.children = data / "log", {}
        self.logs.mkdir(parents=True, exist_ok=True)
        self.env = dict(os.environ, PATH=f"{PROGRAMS}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        self.env.pop("NOTIFY_SOCKET", None)

    def start(self, name, *argv):
        log("info", f"Running {name} " + " ".join(map(str, argv)))
        with open(self.logs / f"{name}.log", "ab") as out:
            self.children[name] = subprocess.Popen([name, *map(str, argv)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                                   env=self.env, cwd="/")

    def check(self):
        for name, child in self.children.items():
            if child.poll() is not None:
                tail = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-5:]
                fatal(f"{name} exited: {child.returncode}: " + " | ".join(tail))

    def wait(self, what, seconds, test):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            try:
                value = test()
                if value:
                    return value
            except (OSError, ValueError, RuntimeError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        fatal(f"{what}: not within {seconds} s")

    def stop(self):
        for name in reversed(list(self.children)):
            if name != "containerd":
                self.children[name].terminate()
        for child in self.children.values():
            try:
                child.terminate()
                child.wait(3)
            except subprocess.TimeoutExpired:
                child.kill()


def stop_containers():
    """What k3s-killall.sh does: shims, pods, their mounts, namespaces and devices."""
    for _ in range(2):
        for procs in Path("/sys/fs/cgroup").glob("**/kubepods*/**/cgroup.procs"):
            for pid in procs.read_text().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except OSError:
                    pass
        for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = cmdline.read_bytes().split(b"\0")
                if b"containerd-shim" in words[0] and str(SOCKET).encode() in words:
                    os.kill(int(cmdline.parent.name), signal.SIGKILL)
            except OSError:
                pass
    mounts = [line.split()[4] for line in open("/proc/self/mountinfo")]
    for at in sorted(mounts, reverse=True):
        if at.startswith((f"{RUN}/containerd/", "/var/lib/kubelet/pods/", "/run/netns/cni-")):
            run("umount", "-l", at, check=False)
    for name in [p.name for p in Path("/run/netns").glob("cni-*")]:
        run("ip", "netns", "del", name, check=False)
    for device in "cni0", "flannel.1":
        run("ip", "link", "del", device, check=False)


def notify(text):
    where = os.environ.get("NOTIFY_SOCKET", "")
    if where:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(text.encode(), "\0" + where[1:] if where[0] == "@" else where)


class Images:
    """Imports archives, in the background, each once and again when it changed."""

    def __init__(self, *directories):
        self.directories, self.done = directories, {}
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while True:
            found = (p for d in self.directories for p in d.glob("*.tar*") if p.exists())
            for tar in sorted(found, key=lambda p: p.stat().st_size):
                stat = tar.stat()
                if self.done.get(tar.name) != (stat.st_size, stat.st_mtime) and SOCKET.exists():
                    done = run(*CTR, "images", "import", tar, check=False)
                    log("info" if not done.returncode else "error", f"Imported images from {tar} {done.stderr.strip()}")
                    self.done[tar.name] = (stat.st_size, stat.st_mtime)
            time.sleep(1)
