"""The makers' download pages, all of them in one tree, in the internet of the world: over http, and over https with a certificate
of an authority of our own that the machines trust."""
import contextlib
import functools
import hashlib
import http.server
import socket
import ssl
import subprocess
import tarfile
import threading

import net

URL = f"http://{net.INTERNET}"
MAKERS = ["github.com", "get.helm.sh", "helm.liqo.io"]


def archive_path(version):
    return f"slackhq/nebula/releases/download/v{version}/nebula-linux-amd64.tar.gz"


def archive(mirror, version, programs):
    """Packs a version as its makers do; its path below the mirror is theirs. Returns its SHA-256."""
    path = mirror / archive_path(version)
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for program in ("nebula", "nebula-cert"):
            tar.add(programs / program, arcname=program)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_authority(folder):
    """A certificate authority and the mirror's certificate."""
    folder.mkdir()
    common = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    names = ",".join([f"subjectAltName=IP:{net.INTERNET}", *(f"DNS:{maker}" for maker in MAKERS)])
    for words in (["-subj", "/CN=e2e mirror CA", "-keyout", "ca.key", "-out", "ca.crt"],
                  ["-subj", "/CN=mirror", "-CA", "ca.crt", "-CAkey", "ca.key", "-addext", names, "-addext",
                   "basicConstraints=critical,CA:FALSE", "-keyout", "mirror.key", "-out", "mirror.crt"]):
        subprocess.run([*common, *words], cwd=folder, check=True, capture_output=True)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder, tls_folder):
    """While the `with` lasts."""
    internet = net.Internet(create=False)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tls_folder / "mirror.crt", tls_folder / "mirror.key")
    with contextlib.ExitStack() as ends:
        for port in (80, 443):
            web = http.server.ThreadingHTTPServer(
                (net.INTERNET, port), functools.partial(Quiet, directory=str(folder)), bind_and_activate=False)
            web.socket.close()
            web.socket = internet.socket(socket.SOCK_STREAM, net.INTERNET, port)
            web.server_name, web.server_port, web.daemon_threads = net.INTERNET, port, True
            if port == 443:  # the handshake happens in the thread of the request
                web.socket = tls.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
            ends.callback(web.server_close)
            ends.callback(web.shutdown)
        yield
