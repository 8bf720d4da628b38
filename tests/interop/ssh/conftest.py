"""OpenSSH's own server, one process of ours on a port of 127.0.0.1, with its own configuration and keys: never the system's."""
import base64
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import threading
import time

import pytest

PROBE = str(pathlib.Path(os.environ.get("TOMBOLO", "build/release/tombolo")).parent / "ssh_probe")
USER = pwd.getpwuid(os.getuid()).pw_name
TYPES = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_key(path, kind="ed25519"):
    path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "root@machine", "-f", path], check=True)
    return " ".join(pathlib.Path(f"{path}.pub").read_text().split()[:2])


def children(pid):
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                child = int(stat.parent.name)
                found += [child, *children(child)]
        except (OSError, ValueError):
            pass
    return found


class Sshd:
    def __init__(self, folder, authorized, kinds=("ed25519", "ecdsa"), port=None, level="VERBOSE", extra=""):
        self.folder, self.port, self.process = folder, port or free_port(), None
        folder.mkdir()
        self.keys = {kind: make_key(folder / f"ssh_host_{kind}_key", kind) for kind in kinds}
        (folder / "authorized_keys").write_text(authorized + "\n")
        keys = "".join(f'HostKey "{folder}/ssh_host_{kind}_key"\n' for kind in kinds)
        (folder / "sshd_config").write_text(
            f'ListenAddress 127.0.0.1\nPort {self.port}\n{keys}AuthorizedKeysFile "{folder}/authorized_keys"\n'
            f'Banner "{folder}/banner"\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n'
            f"PidFile none\nLogLevel {level}\nSubsystem sftp internal-sftp\n{extra}")

    def start(self, wait=True):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd_config"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while wait:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.log()
                time.sleep(0.01)
        return self

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def sessions(self):
        return children(self.process.pid)

    def kill_sessions(self, number=signal.SIGKILL):
        for pid in self.sessions():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self):
        if self.process:
            self.kill_sessions()
            self.process.kill()
            self.process.wait()
            self.process = None


class Relay:
    """A wire that we hold: passes bytes on with a delay, cuts after some of the server's, or goes silent."""

    def __init__(self, to, delay=0.0, cut_after=None):
        self.to, self.delay, self.cut_after, self.silent = to, delay, cut_after, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            self.open += [client, server]
            threading.Thread(target=self.carry, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, self.cut_after), daemon=True).start()

    def carry(self, source, target, left):
        try:
            while data := source.recv(65536):
                time.sleep(self.delay)
                while self.silent:
                    time.sleep(0.05)
                if left is not None:
                    data, left = data[:left], left - len(data)
                target.sendall(data)
                if left is not None and left <= 0:
                    break
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.silent = False
        for end in self.open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Answer:
    """What ssh_probe printed: its lines by their first word; the last one of each word, or all of them."""

    def __init__(self, process):
        self.text = process.stdout + process.stderr
        self.lines = [line.partition(" ")[::2] for line in process.stdout.splitlines()]
        self.values = dict(self.lines)

    def __getattr__(self, word):
        return self.values.get(word)

    def all(self, word):
        return [value for name, value in self.lines if name == word]

    def bytes(self, word):
        return base64.b64decode(self.values[word])

    @property
    def took(self):
        return float(self.values["seconds"])


class World:
    def __init__(self, folder):
        self.folder, self.running, self.wrapper = folder, [], []
        self.key = folder / "id key"  # paths with blanks are paths
        self.public = make_key(self.key)

    def sshd(self, name, start=True, **options):
        server = Sshd(self.folder / name, self.public, **options)
        self.running.append(server.stop)
        return server.start() if start else server

    def relay(self, *arguments, **options):
        relay = Relay(*arguments, **options)
        self.running.append(relay.close)
        return relay

    def command(self, mode, port, *commands, **options):
        """What runs the probe, and its environment."""
        options = {"user": USER, "key": self.key, "trust": "any", **options}
        words = [PROBE, mode, f"port={port}", *(f"{name}={value}" for name, value in options.items()), *commands]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "SSH_AUTH_SOCK": "/nonexistent/agent"}
        return [*self.wrapper, *words], environment

    def probe(self, mode, port, *commands, stdin=b"", timeout=40, **options):
        words, environment = self.command(mode, port, *commands, **options)
        done = subprocess.run(words, input=stdin, capture_output=True, timeout=timeout, env=environment)
        assert done.returncode in (0, 1), done.stderr
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        answer = Answer(done)
        assert answer.left_open == "0", f"descriptors stay open: {answer.text[:2000]}"
        assert not done.stderr, done.stderr
        return answer

    def close(self):
        for stop in reversed(self.running):
            stop()


@pytest.fixture(scope="session", autouse=True)
def peers():
    for program, reason in (("/usr/sbin/sshd", "openssh-server is not installed"), (PROBE, "ssh_probe is not built")):
        if not os.access(program, os.X_OK):
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    made = pathlib.Path("/run/sshd")  # root's sshd wants this empty folder, which the system's own start would make
    ours = os.getuid() == 0 and not made.exists()
    if ours:
        made.mkdir(mode=0o755)
    yield
    if ours:
        made.rmdir()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory, peers):
    """One world with one sshd for the tests that change neither."""
    folder = tmp_path_factory.mktemp("machine")
    made = World(folder)
    made.server = made.sshd("server", kinds=TYPES)
    yield made
    made.close()
