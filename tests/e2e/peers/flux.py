"""Flux at home: its definitions and its own source, helm and kustomize controllers, built from their Go modules.

    with Flux(folder, home, built, pages, address, authority) as flux:      a few seconds
    flux.reaches(False)                  Liqo's chart repository refuses connections; True: the makers' pages answer
    flux.repository(path, place)         Flux' own GitRepository, flux-system, holds that folder at that place
    flux.log("helm-controller")

`built` is the folder of build.sh, `pages` what the world's mirror serves at `address` with a certificate of `authority`.
The controllers are processes in the network of the node, with an administrator's rights, as `flux install` gives them; no
notification-controller, no leader election, and patience cut short. Nobody serves git here: the GitRepository is
suspended, so that source-controller leaves it alone, and the artifact in its status is laid by hand.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import time

SPACE, LOOPBACK = "flux-system", "127.0.0.1"
STORAGE = f"{LOOPBACK}:9790"  # where source-controller hands out charts
CHARTS = "helm.liqo.io"


class Flux:
    def __init__(self, folder, home, built, pages, address, authority):
        self.folder, self.home, self.programs = pathlib.Path(folder), home, pathlib.Path(built) / "flux"
        self.pages, self.address, self.authority = pathlib.Path(pages), address, authority
        self.ends = contextlib.ExitStack()

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.reaches(True)
        self.home.kubectl("apply", "--server-side", "-f", self.programs / "definitions.yaml")
        self.home.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        self.home.kubectl("create", "namespace", SPACE)
        kubeconfig = self.home.user("flux", ["system:masters"])
        try:
            self.spawn("source-controller", kubeconfig, f"--storage-path={self.folder}/charts", f"--storage-addr={STORAGE}",
                       f"--storage-adv-addr={STORAGE}")
            for name in "helm-controller", "kustomize-controller":
                self.spawn(name, kubeconfig)
        except BaseException:
            self.ends.close()
            raise
        return self

    def __exit__(self, *_):
        self.ends.close()

    def spawn(self, name, kubeconfig, *more):
        scratch = self.folder / name
        scratch.mkdir()
        (self.folder / "charts").mkdir(exist_ok=True)
        with open(self.folder / f"{name}.log", "ab") as log:
            # With names of its own: a mount namespace of its own, in which ours lie over /etc/hosts.
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self.home.namespace.path}", "unshare", "--mount",
                 "--propagation", "private", "sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"', self.folder / "hosts",
                 self.programs / name, "--metrics-addr=0", "--health-addr=0", "--requeue-dependency=1s",
                 "--min-retry-delay=500ms", "--max-retry-delay=2s", *more],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=scratch,
                env={"PATH": os.environ["PATH"], "HOME": str(scratch), "TMPDIR": str(scratch), "KUBECONFIG": kubeconfig,
                     "RUNTIME_NAMESPACE": SPACE, "SSL_CERT_FILE": str(self.authority)})
        self.ends.callback(process.wait, timeout=20)
        self.ends.callback(process.kill)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def reaches(self, charts):
        """Written in place: the controllers have the file itself mounted."""
        (self.folder / "hosts").write_text(f"{LOOPBACK} localhost\n{self.address if charts else LOOPBACK} {CHARTS}\n")

    def repository(self, path, place):
        name = "flux/home.tar.gz"
        file = self.pages / name
        file.parent.mkdir(exist_ok=True)
        with tarfile.open(file, "w:gz") as tar:
            tar.add(path, arcname=place)
        self.ends.callback(shutil.rmtree, file.parent, ignore_errors=True)
        self.home.kubectl("apply", "-f", "-", text=json.dumps({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": SPACE, "namespace": SPACE},
            "spec": {"interval": "1h", "suspend": True, "url": "https://git.invalid/home.git", "ref": {"branch": "main"}}}))
        digest, now = hashlib.sha256(file.read_bytes()).hexdigest(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.home.kubectl("patch", "gitrepository", SPACE, "-n", SPACE, "--subresource=status", "--type=merge", "-p", json.dumps({
            "status": {"observedGeneration": 1, "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "laid by hand", "lastTransitionTime": now}],
                "artifact": {"path": name, "url": f"http://{self.address}/{name}", "revision": f"main@sha1:{digest[:40]}",
                             "digest": f"sha256:{digest}", "size": file.stat().st_size, "lastUpdateTime": now}}}))
