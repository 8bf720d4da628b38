"""A real kube-apiserver with its etcd on loopback, for tests: its own authority, RBAC, service account keys; ends by pid.

    server = ApiServer(folder)      about 5 s; programs from build.sh, which is run when they are missing
    server.kubeconfig()             path of the administrator's; user("jane", ["team"]) makes another
    server.stop(); server.start()   the same cluster at the same port, as after a crash
"""
import base64
import datetime
import ipaddress
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = pathlib.Path(__file__).resolve().parent


class NotHere(Exception):
    """Why there are no programs to run."""


def programs(*names):
    """The folder that holds them; builds what is missing (minutes, once)."""
    return built(*names) / "machine/opt/peers/bin"


def built(*things):
    """The folder that build.sh prints."""
    done = subprocess.run([HERE / "build.sh", *things], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise NotHere(f"Kubernetes cannot be built here: {done.stderr[-500:]}")
    return pathlib.Path(done.stdout.strip())


def free_ports(count):
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [h.getsockname()[1] for h in holders]
    for h in holders:
        h.close()
    return ports


def data(path):
    """The file as kubeconfigs embed it."""
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def write_key(path, key):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


class Authority:
    def __init__(self, folder, name):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.sign("ca", self.name, self.key, authority=True)

    def sign(self, file, subject, key, names=(), authority=False, days=30):
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = sorted((now - datetime.timedelta(days=1), now + datetime.timedelta(days=days)))
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(begin - datetime.timedelta(days=1))
                   .not_valid_after(end if days > 0 else begin)
                   .add_extension(x509.BasicConstraints(authority, None), True))
        if not authority:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        certificate = builder.sign(self.key, hashes.SHA256())
        (self.folder / f"{file}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        write_key(self.folder / f"{file}.key", key)

    def issue(self, file, common_name, groups=(), names=(), days=30):
        """folder/FILE.crt and .key; days < 0: it ended that long ago."""
        subject = x509.Name([*(x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups),
                             x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self.sign(file, subject, ec.generate_private_key(ec.SECP256R1()), names, days=days)


def service_account_keys(folder):
    key = rsa.generate_private_key(65537, 2048)
    write_key(folder / "sa.key", key)
    (folder / "sa.pub").write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def kubeconfig(path, cluster, user):
    """In JSON, which is YAML."""
    path.touch(0o600)
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}], "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}]}, indent=1))
    return str(path)


def etcd(data_dir, client, peer):
    return ["etcd", f"--data-dir={data_dir}", f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync", "--log-level=warn"]


def api_server(folder, etcd_url, services):
    """With the keys of that folder; where it listens is the caller's."""
    return ["kube-apiserver", f"--etcd-servers={etcd_url}", f"--service-cluster-ip-range={services}", "--allow-privileged=true",
            "--authorization-mode=Node,RBAC", f"--client-ca-file={folder}/ca.crt", f"--tls-cert-file={folder}/server.crt",
            f"--tls-private-key-file={folder}/server.key", f"--kubelet-client-certificate={folder}/to-kubelet.crt",
            f"--kubelet-client-key={folder}/to-kubelet.key", "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={folder}/sa.pub",
            f"--service-account-signing-key-file={folder}/sa.key", "--shutdown-delay-duration=0s"]


class ApiServer:
    TOKEN_USER, TOKEN = "tokened", "a-static-token"
    NAMES = ["kubernetes", "kubernetes.default.svc"]  # beside 127.0.0.1

    def __init__(self, folder, arguments=()):
        self.folder, self.arguments, self.running = pathlib.Path(folder), list(arguments), []
        self.programs = programs("etcd", "kube-apiserver")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.etcd_port, peer_port = free_ports(3)
        self.etcd_peer = f"http://127.0.0.1:{peer_port}"
        self.url = f"https://127.0.0.1:{self.port}"
        self.make_keys()
        self.start()

    def make_keys(self):
        self.authority = Authority(self.folder, "peers-ca")
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        self.authority.issue("server", "kube-apiserver", names=[loopback, *map(x509.DNSName, self.NAMES)])
        self.authority.issue("admin", "admin", ["system:masters"])
        self.authority.issue("to-kubelet", "kube-apiserver", ["system:masters"])
        service_account_keys(self.folder)
        (self.folder / "tokens.csv").write_text(f"{self.TOKEN},{self.TOKEN_USER},1\n")
        tls = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        tls.load_cert_chain(self.folder / "admin.crt", self.folder / "admin.key")
        self.tls = tls

    def start(self):
        f = self.folder
        etcd_url = f"http://127.0.0.1:{self.etcd_port}"
        self.spawn(*etcd(f / "etcd", etcd_url, self.etcd_peer))
        self.spawn(*api_server(f, etcd_url, "10.96.0.0/24"), "--advertise-address=127.0.0.1", "--bind-address=127.0.0.1",
                   f"--secure-port={self.port}", f"--token-auth-file={f}/tokens.csv",
                   "--disable-admission-plugins=ServiceAccount", *self.arguments)  # nobody makes service accounts here
        deadline = time.monotonic() + 60
        while not self.answers("/readyz"):
            dead = [p.args[3].name for p in self.running if p.poll() is not None]
            assert not dead and time.monotonic() < deadline, f"{dead or 'the API server'} did not start: {self.log()[-3000:]}"
            time.sleep(0.05)

    def spawn(self, name, *arguments):
        with open(self.folder / f"{name}.log", "ab") as log:
            # pdeathsig: they end with the test run even when that is killed.
            self.running.append(subprocess.Popen(["setpriv", "--pdeathsig", "KILL", self.programs / name, *arguments],
                                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def answers(self, path):
        try:
            return self.request("GET", path) is not None
        except OSError:
            return False

    def log(self):
        return (self.folder / "kube-apiserver.log").read_text(errors="replace")

    def request(self, method, path, body=None, content_type="application/json"):
        """A second opinion, past our client: the answer as JSON, or as text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": content_type}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.tls) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith("{") else text

    def read(self, file):
        return (self.folder / file).read_text()

    def data(self, file):
        return data(self.folder / file)

    def config(self, user, name="config", cluster=None, **more):
        """folder/NAME as a kubeconfig, in JSON, which is YAML; `more` goes into its cluster entry."""
        cluster = cluster or {"server": self.url, "certificate-authority-data": self.data("ca.crt"), **more}
        return kubeconfig(self.folder / name, cluster, user)

    def kubeconfig(self, **more):
        return self.config({"client-certificate-data": self.data("admin.crt"), "client-key-data": self.data("admin.key")}, "admin.config", **more)

    def user(self, name, groups=(), days=30, **more):
        self.authority.issue(f"user-{name}", name, groups, days=days)
        return self.config({"client-certificate-data": self.data(f"user-{name}.crt"), "client-key-data": self.data(f"user-{name}.key")},
                           f"{name}.config", **more)

    def stop(self, number=signal.SIGKILL):
        for process in reversed(self.running):
            process.send_signal(number)
            process.wait(timeout=30)
        self.running = []
