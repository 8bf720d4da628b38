"""The world of these tests: one API server for all of them, a proxy in front of it that can misbehave, and our probe."""
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1] / "e2e/peers")]
import kubernetes as peers  # noqa: E402
from awkward import Awkward  # noqa: E402

PROBE = str(pathlib.Path(os.environ.get("TOMBOLO", "build/release/tombolo")).parent / "kube_probe")


class Answer:
    def __init__(self, process, seconds):
        self.status, self.seconds, self.warnings = process.returncode, seconds, process.stderr
        self.lines = [json.loads(line) for line in process.stdout.splitlines() if line[:1] in '{["tfn']
        self.value = self.lines[0] if self.lines else None

    @property
    def code(self):
        return self.value.get("code") if self.status else "ok"

    def __repr__(self):
        return f"{self.status} {self.lines} {self.warnings}"


def probe(config, *arguments, given=None, timeout=120, **environment):
    began = time.monotonic()
    process = subprocess.run([PROBE, config, *map(str, arguments)], input=json.dumps(given) if given is not None else "",
                             capture_output=True, text=True, timeout=timeout, env={**os.environ, **environment})
    return Answer(process, time.monotonic() - began)


class Watching:
    """The probe's `watch` in the background; its events come from next()."""

    def __init__(self, config, *arguments, **environment):
        self.process = subprocess.Popen([PROBE, config, "watch", *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)

    def next(self, timeout=20):
        return self.events.get(timeout=timeout)

    def until(self, name, event=None, timeout=20):
        """The events up to the first one about that object."""
        seen, deadline = [], time.monotonic() + timeout
        while time.monotonic() < deadline:
            got = self.next(timeout)
            seen.append(got)
            if got is None or (got.get("name") == name and event in (None, got["event"])):
                return seen
        raise AssertionError(f"nothing about {name}: {seen}")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    try:
        it = peers.ApiServer(tmp_path_factory.mktemp("kubernetes"))
    except peers.NotHere as why:
        pytest.skip(str(why))
    it.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "tokened"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": it.TOKEN_USER}]})
    yield it
    it.stop()


@pytest.fixture(scope="session")
def admin(server):
    return server.kubeconfig()


@pytest.fixture(scope="session")
def proxy_server(server):
    it = Awkward(server)
    yield it
    it.stop()


@pytest.fixture
def proxy(proxy_server):
    proxy_server.reset()
    return proxy_server


@pytest.fixture
def awkward(server, proxy):
    """A kubeconfig by way of the proxy, with the token."""
    return server.config({"token": server.TOKEN}, "awkward.config",
                         {"server": proxy.url, "certificate-authority-data": server.data("ca.crt")})


@pytest.fixture
def space(server, request):
    """A fresh namespace."""
    name = "t-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[:50].strip("-")
    server.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture
def watching(request):
    def begin(*arguments, **environment):
        it = Watching(*arguments, **environment)
        request.addfinalizer(it.stop)
        return it
    return begin


def config_map(name, space, value="1", **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": space, **metadata}, "data": {"value": value}}
