"""k3s agent."""
import base64
import http.client
import json
import re
import secrets
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

from api import Api
from base import ETC, fatal, log, private
from keys import ca_hash
from node import Node
from options import AGENT, options
from programs import Programs, notify


class Agent:
    def __init__(self, argv):
        o = self.o = options(AGENT, argv)
        if not o["server"]:
            fatal("--server is required")
        self.data = Path(o["data-dir"] or "/var/lib/rancher/k3s")
        self.token = o["token"] or (Path(o["token-file"]).read_text().strip() if o["token-file"] else "")
        if not self.token:
            fatal("--token is required")
        self.url, self.programs = o["server"].rstrip("/"), Programs(self.data)
        self.node = Node(o, self.data, self.programs)

    def get(self, path, tls, body=None, **headers):
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        with urllib.request.urlopen(request, context=tls, timeout=10) as answer:
            return answer.read().decode()

    def join(self):
        """The CA, believed because of the token; then certificates for this node's keys."""
        anyone = ssl._create_unverified_context()
        cacerts = self.get("/cacerts", anyone)
        user, secret = "node", self.token
        m = re.fullmatch(r"K10([0-9a-f]{64})::(\w+):(.*)", self.token)
        if m:
            there = ca_hash(cacerts)
            if there != m[1]:
                raise RuntimeError(f"token CA hash does not match the Cluster CA certificate hash: {m[1]} != {there}")
            user, secret = m[2], m[3]
        file = ETC / "node/password"
        if not file.exists():
            private(file, secrets.token_hex(16) + "\n")
        tls = ssl.create_default_context(cadata=cacerts)
        headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode(),
                   "k3s-Node-Name": self.node.name, "k3s-Node-Password": file.read_text().strip(), "k3s-Node-IP": self.node.ip}
        config = json.loads(self.get("/v1-k3s/config", tls, **headers))
        for name in "server-ca.crt", "client-ca.crt":
            (self.node.agent / name).write_text(self.get(f"/v1-k3s/{name}", tls, **headers))
        self.sign = lambda name, csr: self.get(f"/v1-k3s/{name}.crt", tls, body=csr.encode(), **headers)
        return config

    def run(self):
        while True:
            try:
                config = self.join()
                break
            except urllib.error.HTTPError as e:
                said = e.read().decode().strip()
                log("error", f"{self.url}{e.filename.removeprefix(self.url)}: {e.code} {e.reason}: {said}")
            except (OSError, RuntimeError, http.client.HTTPException) as e:
                log("error", f"failed to get CA certs: Get \"{self.url}/cacerts\": {e}")
            time.sleep(5)
        node = self.node
        node.start_runtime()
        for attempt in range(1000):
            try:
                node.start_kubelet(self.url, self.sign, config["ClusterDomain"])
                break
            except urllib.error.HTTPError as e:
                said = e.read().decode().strip()
                log("error", "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not "
                    f"match server node-passwd entry, try enabling a unique node name with the --with-node-id flag ({said})")
                time.sleep(5)
        host = urllib.request.urlparse(self.url)
        a = node.agent
        api = Api(host.hostname, host.port or 6443, a / "server-ca.crt", a / "client-k3s-controller.crt",
                  a / "client-k3s-controller.key")
        self.programs.wait("node", 120, lambda: node.own(api))
        notify("READY=1\nSTATUS=joined")
        log("info", f"k3s agent is up and running, joined {self.url}")
        node.start_network(api, config["ClusterIPRange"], config["FlannelBackend"], not config["DisableKubeProxy"])
