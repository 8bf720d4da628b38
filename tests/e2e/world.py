"""One world for the whole suite: local EC2, a mirror of Nebula's downloads, the operator's desk, a home behind NAT.

    world.py up DIR      starts it, prints one line of JSON and runs until SIGTERM; everything of it is gone then
    world.py clean       removes what a killed one left

    internet 198.18.0.1    the EC2 API at its own port; the mirror at port 80: Nebula's archives under the makers' paths
    desk 198.18.0.10       where tombolo runs
    home 192.168.1.2       behind a masquerading router, 198.18.2.1 outside: where a stock Nebula runs
    machines               what RunInstances starts: metal/

Tests use the class World (conftest.py makes one). Needs root; see metal/metal.py.
"""
import functools
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", HERE.parents[1]))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tombolo-e2e"
PREFIX = "te-"
INTERNET, DESK, HOME = "198.18.0.1", "198.18.0.10", "192.168.1.2"
MIRROR = f"http://{INTERNET}"
NEW, OLD = "1.11.1", "1.6.1"  # of Nebula: built from its Go module, and Debian's own
sys.path[:0] = [str(HERE / "metal"), str(HERE.parent / "interop")]
import nebula_build  # noqa: E402
import net  # noqa: E402


def nebula_programs(version):
    """A folder with nebula and nebula-cert of that version."""
    return pathlib.Path("/usr/bin") if version == OLD else nebula_build.build(version)


def archive(mirror, version):
    """Packs a version as its makers do; its path below the mirror is theirs. Returns its SHA-256."""
    path = mirror / f"slackhq/nebula/releases/download/v{version}/nebula-linux-amd64.tar.gz"
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for program in ("nebula", "nebula-cert"):
            tar.add(nebula_programs(version) / program, arcname=program)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def missing():
    """Why this world cannot stand here; None when it can."""
    if os.geteuid():
        return "not root"
    if not os.path.isdir("/sys/fs/cgroup/systemd"):
        return "no version 1 control groups"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    for program in ("debootstrap", "systemd-nspawn", "iptables-restore", "conntrack", "ip", "nebula", "ssh"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"{program} is not installed"
    try:
        nebula_build.go_program()
    except nebula_build.NotHere as reason:
        return str(reason)
    return None


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Home:
    """A network namespace behind NAT, and the stock Nebula that runs in it."""

    def __init__(self, world):
        self.world, self.netns, self.process, self.log = world, "te-home", None, None
        subprocess.run(["ip", "netns", "add", self.netns], check=True)
        subprocess.run(["ip", "-n", self.netns, "link", "set", "lo", "up"], check=True)
        world.metal("join", self.netns, "1", "nat")

    def run(self, *argv, check=True, **options):
        return subprocess.run(["nsenter", f"--net=/run/netns/{self.netns}", *map(str, argv)], check=check, text=True,
                              capture_output=True, **options)

    def start_nebula(self, folder, version=NEW):
        """With the folder's config.yml; its log is kept beside it."""
        self.stop_nebula()
        self.log = open(pathlib.Path(folder) / "nebula.log", "ab")
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.netns}", nebula_programs(version) / "nebula", "-config",
             pathlib.Path(folder) / "config.yml"], stdout=self.log, stderr=self.log)

    def stop_nebula(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.log.close()
        self.process = None

    def ping(self, address, seconds=20):
        """Whether an answer comes within that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.run("ping", "-n", "-c", "1", "-W", "1", address, check=False).returncode == 0:
                return True
            time.sleep(0.2)
        return False


class World:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.server = subprocess.Popen(
            [sys.executable, HERE / "metal/metal.py", "--prefix", PREFIX, "serve", "--workdir", self.folder / "metal",
             "--cache", CACHE], stdout=subprocess.PIPE, stderr=open(self.folder / "metal.log", "wb"), text=True)
        line = self.server.stdout.readline()
        if not line:
            raise RuntimeError("local EC2 did not start:\n" + (self.folder / "metal.log").read_text()[-2000:])
        self.endpoint = json.loads(line)["endpoint"]
        self.mirror = self.folder / "mirror"
        self.sha256 = {v: archive(self.mirror, v) for v in (NEW, OLD)}
        self.start_mirror()
        self.home = Home(self)

    def start_mirror(self):
        net.PREFIX = PREFIX
        internet = net.Namespace("internet", create=False)
        handler = functools.partial(Quiet, directory=str(self.mirror))
        self.web = http.server.ThreadingHTTPServer((INTERNET, 80), handler, bind_and_activate=False)
        self.web.socket.close()
        self.web.socket = internet.socket(socket.SOCK_STREAM, INTERNET, 80)
        self.web.server_name, self.web.server_port = INTERNET, 80
        threading.Thread(target=self.web.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.home.stop_nebula()
        self.web.shutdown()
        self.server.terminate()
        self.server.wait(timeout=60)
        subprocess.run(["ip", "netns", "del", self.home.netns], check=False)

    def metal(self, *argv, **options):
        return subprocess.run([sys.executable, HERE / "metal/metal.py", "--prefix", PREFIX, *map(str, argv)], text=True,
                              capture_output=True, check=options.pop("check", True), **options)

    def at_desk(self, argv, environment=None, **options):
        """The command line and the environment of a program at the desk."""
        variables = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        variables.update(AWS_ENDPOINT_URL=self.endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
                         AWS_DEFAULT_REGION="us-west-2", NO_COLOR="1", **(environment or {}))
        return ["nsenter", f"--net=/run/netns/{PREFIX}desk", *map(str, argv)], variables

    def desk(self, *argv, check=True, timeout=120, environment=None, **options):
        command, variables = self.at_desk(argv, environment)
        return subprocess.run(command, env=variables, check=check, text=True, capture_output=True, timeout=timeout,
                              **options)

    def post(self, path, value=None):
        data = json.dumps(value or {}).encode()
        request = urllib.request.Request(self.endpoint + path, data, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=30))

    def control(self, **settings):
        return self.post("/_strict/config", settings)

    def fault(self, action, **fault):
        return self.post("/_strict/fault", {"action": action, **fault})

    def calls(self):
        return json.load(urllib.request.urlopen(self.endpoint + "/_strict/log", timeout=30))

    def machine(self, instance, *argv, check=True):
        """A command as root in a machine."""
        return self.metal("enter", instance, *argv, check=check)

    def console(self, instance):
        return (self.folder / "metal/machines" / instance / "console.log").read_text(errors="replace")

    # The weather of the Internet between desk, home and EC2.

    def internet(self, *argv):
        subprocess.run(["nsenter", f"--net=/run/netns/{PREFIX}internet", *argv], check=True)

    def block_udp(self, port):
        return Rule(self, "-p", "udp", "--dport", str(port), "-j", "DROP")

    def swallow_packets_over(self, size):
        """Larger IP packets disappear without a word: a black hole for path MTU discovery."""
        return Rule(self, "-p", "udp", "-m", "length", "--length", f"{size + 1}:65535", "-j", "DROP")


class Rule:
    """A firewall rule of the Internet, while the `with` lasts."""

    def __init__(self, world, *rule):
        self.world, self.rule = world, rule

    def __enter__(self):
        self.world.internet("iptables", "-I", "FORWARD", *self.rule)

    def __exit__(self, *_):
        self.world.internet("iptables", "-D", "FORWARD", *self.rule)


def main():
    if sys.argv[1:2] == ["clean"]:
        subprocess.run([sys.executable, HERE / "metal/metal.py", "--prefix", PREFIX, "clean"], check=True)
        subprocess.run(["ip", "netns", "del", "te-home"], check=False)
    elif sys.argv[1:2] == ["up"]:
        world = World(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="tombolo-world."))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(json.dumps({"endpoint": world.endpoint, "mirror": MIRROR, "sha256": world.sha256,
                          "folder": str(world.folder)}), flush=True)
        try:
            while True:
                signal.pause()
        finally:
            world.stop()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
