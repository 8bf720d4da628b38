"""What build.sh has made, as the world uses it.

    made = Artefacts()              builds what is missing: a quarter of an hour on a cold machine
    made.mirror(folder)             lays k3s, Helm and Liqo's chart under the vendors' paths; {name: SHA-256}
    made.layer                      a folder to lay over machines: what the k3s stand-in runs
    made.home_images                archives for containerd
"""
import hashlib
import os
import pathlib
import shutil

import kubernetes

HERE = pathlib.Path(__file__).resolve().parent
K3S, HELM, LIQO = "v1.35.4+k3s1", "3.22.0", "v1.2.0"


def link(source, to):
    """The same file under another name where the file system allows it, else a copy."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, to)
    except OSError:
        shutil.copy2(source, to)


class Artefacts:
    def __init__(self):
        self.folder = kubernetes.built("all")
        self.layer, self.programs = self.folder / "machine", self.folder / "machine/opt/peers/bin"
        self.home_images = sorted((self.folder / "machine/opt/peers/images").glob("*.tar"))

    def mirror(self, folder):
        made = self.folder / "mirror"
        files = {f"k3s-io/k3s/releases/download/{K3S}/k3s": HERE / "k3s"}
        files |= {str(f.relative_to(made)): f for f in made.rglob("*") if f.is_file()}
        for path, source in files.items():
            link(source, folder / path)
        names = {"k3s": f"k3s-io/k3s/releases/download/{K3S}/k3s", "helm": f"helm-v{HELM}-linux-amd64.tar.gz",
                 "liqo": f"charts/liqo-{LIQO}.tgz"}
        return {name: hashlib.sha256((folder / path).read_bytes()).hexdigest() for name, path in names.items()}
