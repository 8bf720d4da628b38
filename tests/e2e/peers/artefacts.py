"""What the makers' download pages hold besides Nebula, from our own builds, and what lies on machines and at home.

    made = Artefacts()            builds what is missing (build.sh all: a quarter of an hour on a cold computer)
    made.programs                 etcd, kubectl, helm, liqoctl, ...
    made.images                   archives for containerd: nobody can pull here
    made.machine                  laid over each machine: programs and images in /opt/peers, for the k3s stand-in
    made.mirror(folder)           lays k3s, helm and Liqo's charts under their makers' paths; {name: SHA-256}
"""
import hashlib
import pathlib
import zipapp

import kubernetes

HERE = pathlib.Path(__file__).resolve().parent
K3S, HELM, LIQO = "v1.35.4+k3s1", "3.22.0", "v1.2.0"


class Artefacts:
    def __init__(self):
        self.folder = kubernetes.built("all")
        self.machine = self.folder / "machine"
        self.programs = self.machine / "opt/peers/bin"
        self.images = sorted((self.machine / "opt/peers/images").iterdir())

    def mirror(self, folder):
        k3s = folder / f"k3s-io/k3s/releases/download/{K3S}/k3s"
        k3s.parent.mkdir(parents=True)
        zipapp.create_archive(HERE / "k3s", k3s, "/usr/bin/env python3", filter=lambda path: path.suffix == ".py")
        for ours in (self.folder / "mirror").iterdir():
            (folder / ours.name).symlink_to(ours)
        files = {"k3s": k3s, "helm": folder / f"helm-v{HELM}-linux-amd64.tar.gz", "liqo": folder / f"charts/liqo-{LIQO}.tgz"}
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
