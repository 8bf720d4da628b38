"""A cluster under test: its folder at the desk, and the program run in it."""
import json
import os
import pathlib
import subprocess
import threading
import time

import world as worlds

PROGRAM = os.environ.get("TOMBOLO", str(worlds.SOURCE / "build/release/tombolo"))

FILE = """\
apiVersion: tombolo/v1
kind: HybridCluster
metadata: {{name: {name}}}
region: us-west-2
mesh:
  members:
    - {{name: lighthouse, role: lighthouse, address: 10.42.0.1, groups: [lighthouse, infrastructure]}}
    - {{name: talos-homelab, role: home, address: 10.42.1.1, groups: [kubernetes, homelab]{node}}}
{members}    - {{name: laptop, role: operator, address: 10.42.3.1, groups: [infrastructure]}}
home:
  kubeconfig: {kubeconfig}{context}
  manage: {manage}
  lanCIDR: 192.168.1.0/24
  podCIDR: 10.77.1.0/24
  serviceCIDR: 10.96.1.0/24
cloud: {{kubernetes: {{distribution: {distribution}, k3sVersion: {k3s}}}}}
lighthouse: {{sshAllowedFrom: 198.18.0.0/16, instanceType: {type}}}
bootstrap:
  keys: {keys}
  nebulaVersion: {version}
  mirror: {mirror}
  checksums: {{nebula: "{sha256}", k3s: "{sums[k3s]}", helm: "{sums[helm]}", liqo: "{sums[liqo]}"}}
{more}"""


class Cluster:
    def __init__(self, world, folder, name="homelab", **changes):
        self.world, self.folder, self.name = world, pathlib.Path(folder), name
        self.write(**changes)

    def write(self, **changes):
        values = dict(name=self.name, keys="machine", version=worlds.NEW, mirror=worlds.MIRROR, type="t3.small",
                      distribution="none", manage="apply", kubeconfig="none", k3s=worlds.artefacts.K3S,
                      sums=self.world.sha256, more="", node="", members="", context="")
        values.update(changes)
        values.setdefault("sha256", self.world.sha256.get(values["version"]))
        (self.folder / "tombolo.yaml").write_text(FILE.format(**values))

    def run(self, *argv, code=0, timeout=180, environment=None):
        """The program at the desk; what it printed. The exit code must be the expected one; None: any."""
        done = self.world.desk(PROGRAM, *argv, cwd=self.folder, check=False, timeout=timeout, environment=environment)
        assert code is None or done.returncode == code, f"tombolo {argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + ("" if "-o" in argv else done.stderr)

    def json(self, *argv, code=0):
        return json.loads(self.run(*argv, "-o", "json", code=code))

    def up(self, *argv, code=0):
        return self.run("up", "--yes", *argv, code=code)

    def events(self, *argv, code=0):
        """`up` as its events."""
        lines = self.run("up", "--yes", *argv, "-o", "json", code=code).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def start(self, *argv):
        command, variables = self.world.at_desk([PROGRAM, *argv])
        return Running(subprocess.Popen(command, env=variables, cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT))

    def resource(self, address):
        """One resource of `tombolo status`."""
        return next(r for r in self.json("status")["resources"] if r["address"] == address)

    @property
    def instance(self):
        return self.resource("aws.instance/lighthouse")["id"]

    @property
    def address(self):
        return self.resource("aws.address/lighthouse")["outputs"]["ip"]

    def findings(self):
        """The ids of what the doctor finds."""
        return [f["id"] for f in json.loads(self.run("doctor", "-o", "json", code=None))["findings"]]

    def member(self, name, path, *argv):
        """Lays the Nebula folder of a member, whose files will be at `path`."""
        return self.run("mesh", "config", name, "--out", path, "--path", path, *argv)


class Running:
    """A program that goes on beside the test; its output so far."""

    def __init__(self, process):
        self.process, self.text = process, ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.text += line

    def says(self, text, seconds=60):
        """Waits until it has said that."""
        end = time.monotonic() + seconds
        while text not in self.text and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.1)
        assert text in self.text, self.text

    def end(self, timeout=60):
        self.process.wait(timeout=timeout)
        self.reader.join(timeout=5)
        return self.process.returncode
