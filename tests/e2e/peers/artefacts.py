"""What the vendors' download pages hold besides Nebula, made from our builds; and the images that nobody can pull here.

    made = Artefacts(cache)         builds what is missing (build.sh: a quarter of an hour on a cold machine)
    made.mirror(folder)             lays k3s, Helm and Liqo's chart under the vendors' paths; {name: SHA-256}
    made.layer(folder)              what a machine has for the k3s stand-in: /opt/peers
    made.home_images                archives for containerd
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import kubernetes

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "interop"))
import nebula_build  # noqa: E402

K3S, HELM, LIQO, NEBULA = "v1.35.4+k3s1", "3.22.0", "v1.2.0", "1.11.1"
KUBERNETES = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"]
IN_IMAGE = ["crd-replicator", "liqo-controller-manager", "uninstaller", "virtual-kubelet", "webhook"]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def link(source, to):
    """The same file under another name where the file system allows it, else a copy."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, to)
    except OSError:
        shutil.copy2(source, to)


class Artefacts:
    def __init__(self, cache):
        self.programs = kubernetes.programs(*KUBERNETES, "helm", "liqo-chart", "liqoctl", *IN_IMAGE)
        self.cache = pathlib.Path(cache) / f"artefacts-{self.programs.name}"
        self.cache.mkdir(parents=True, exist_ok=True)
        self.make_images()
        self.make_chart()

    def make_images(self):
        nebula, busybox = nebula_build.build(NEBULA), shutil.which("busybox")
        values = (self.programs / "liqo-chart/values.yaml").read_text()
        names = [m[0] for m in re.findall(r'name: "?([\w./-]+/([\w-]+))"?\s*$', values, re.M) if m[1] in IN_IMAGE]
        references = {
            "pause": (["local.test/pause:1"], ["--entry=/usr/bin/busybox", "--entry=sleep", "--entry=2147483647"], [busybox]),
            "busybox": (["docker.io/library/busybox:latest", "docker.io/library/busybox:1.36"], ["--cmd=sh"], [busybox]),
            # As its makers': the entry point is the program, and configuration is expected below /config.
            "nebula": ([f"docker.io/nebulaoss/nebula:{NEBULA}"],
                       ["--entry=/nebula", "--cmd=-config", "--cmd=/config/config.yml", "--at=/"],
                       [nebula / "nebula", nebula / "nebula-cert"]),
            "liqo": ([f"{n}:{LIQO}" for n in names], [], [self.programs / p for p in IN_IMAGE]),
        }
        for name, (tags, options, files) in references.items():
            if not (self.cache / f"{name}.tar").exists():
                subprocess.run([sys.executable, HERE / "image.py", self.cache / f"{name}.tar", ",".join(tags), *options, *files],
                               check=True)

    @property
    def home_images(self):
        return [self.cache / f"{n}.tar" for n in ("pause", "busybox", "nebula", "liqo")]

    def make_chart(self):
        self.chart = self.cache / f"liqo-{LIQO}.tgz"
        if not self.chart.exists():
            subprocess.run([self.programs / "helm", "package", self.programs / "liqo-chart", "--version", LIQO, "--app-version",
                            LIQO, "-d", self.cache], check=True, stdout=subprocess.DEVNULL)
        self.helm = self.cache / f"helm-v{HELM}-linux-amd64.tar.gz"
        if not self.helm.exists():
            new = self.helm.with_suffix(".new")
            with tarfile.open(new, "w:gz", compresslevel=1) as tar:
                tar.add(self.programs / "helm", arcname="linux-amd64/helm")
            new.rename(self.helm)

    def mirror(self, folder):
        files = {"k3s": (HERE / "k3s", f"k3s-io/k3s/releases/download/{K3S}/k3s"),
                 "helm": (self.helm, self.helm.name), "liqo": (self.chart, f"charts/{self.chart.name}")}
        for source, path in files.values():
            link(source, folder / path)
        return {name: sha256(source) for name, (source, _) in files.items()}

    def layer(self, folder):
        for program in KUBERNETES:
            link(self.programs / program, folder / "opt/peers/bin" / program)
        for name in "pause", "busybox", "liqo":
            link(self.cache / f"{name}.tar", folder / f"opt/peers/images/{name}.tar")
