"""Flux at home: its definitions and its own source, helm and kustomize controllers, built from their Go modules.

    with Flux(folder, home, built, address, authority) as flux:      a few seconds
    flux.reaches(False)                  Liqo's chart repository refuses connections; True: the makers' pages answer
    flux.follows(repository, place)      Flux' own GitRepository and Kustomization, flux-system, as `flux bootstrap` makes them
    flux.log("helm-controller")

`built` is the folder of build.sh; the world's mirror is at `address`, with a certificate of `authority`.
The controllers are processes in the network of the node, with an administrator's rights, as `flux install` gives them; no
notification-controller, no leader election, and patience cut short. The repository is served by git's own http-backend on
the node's loopback, without TLS.
"""
import contextlib
import json
import os
import pathlib
import subprocess

SPACE, LOOPBACK = "flux-system", "127.0.0.1"
STORAGE = f"{LOOPBACK}:9790"  # where source-controller hands out charts
GIT = f"{LOOPBACK}:9791"
CHARTS = "helm.liqo.io"


class Flux:
    def __init__(self, folder, home, built, address, authority):
        self.folder, self.home, self.programs = pathlib.Path(folder), home, pathlib.Path(built) / "flux"
        self.address, self.authority = address, authority
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
        # With names of its own: a mount namespace of its own, in which ours lie over /etc/hosts.
        self.start(name, self.inside(
            "unshare", "--mount", "--propagation", "private", "sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"',
            self.folder / "hosts", self.programs / name, "--metrics-addr=0", "--health-addr=0", "--requeue-dependency=1s",
            "--min-retry-delay=500ms", "--max-retry-delay=2s", *more),
            cwd=scratch, PATH=os.environ["PATH"], HOME=str(scratch), TMPDIR=str(scratch), KUBECONFIG=kubeconfig,
            RUNTIME_NAMESPACE=SPACE, SSL_CERT_FILE=str(self.authority))

    def inside(self, *argv):
        """That command in the network of the node; it ends with the test."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self.home.namespace.path}", *argv]

    def start(self, name, argv, cwd="/", **environment):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, env=environment)
        self.ends.callback(process.wait, timeout=20)
        self.ends.callback(process.kill)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def reaches(self, charts):
        """Written in place: the controllers have the file itself mounted."""
        (self.folder / "hosts").write_text(f"{LOOPBACK} localhost\n{self.address if charts else LOOPBACK} {CHARTS}\n")

    def follows(self, repository, place):
        """From now on Flux applies what is committed to `main` of that git repository, in its folder `place`."""
        served = self.folder / "served/cgi-bin"
        served.mkdir(parents=True)
        script = served / "git"
        script.write_text(f"#!/bin/sh\nGIT_PROJECT_ROOT={repository} GIT_HTTP_EXPORT_ALL=1 exec git http-backend\n")
        script.chmod(0o755)
        self.start("git", self.inside("busybox", "httpd", "-f", "-p", GIT, "-h", served.parent), PATH=os.environ["PATH"])
        for group, kind, spec in (
                ("source", "GitRepository",
                 {"interval": "2s", "url": f"http://{GIT}/cgi-bin/git/.git", "ref": {"branch": "main"}}),
                ("kustomize", "Kustomization",
                 {"interval": "1h", "path": f"./{place}", "prune": True, "sourceRef": {"kind": "GitRepository", "name": SPACE}})):
            self.home.kubectl("apply", "-f", "-", text=json.dumps({
                "apiVersion": f"{group}.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": SPACE, "namespace": SPACE},
                "spec": spec}))
