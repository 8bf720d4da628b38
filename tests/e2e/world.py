#!/usr/bin/env python3
"""One world for the whole suite: local EC2, a mirror of Nebula's downloads, the operator's desk, a home behind NAT.

    world.py up [DIR]                       starts it, prints one line of JSON, runs until SIGTERM; all of it is gone then
    world.py exec WHERE COMMAND...          runs something at the desk, home, node, internet, or as root in i-…; kubectl, helm
                                            and liqoctl are in PATH, and mean the home cluster
    world.py status | down                  what there is; end it
    world.py clean                          removes what a killed one left

    internet 198.18.0.1    the EC2 API at its own port; the mirror at ports 80 and 443: archives of Nebula, k3s (a stand-in:
                           peers/k3s), helm and Liqo's chart under their makers' paths. Machines take it for github.com,
                           get.helm.sh and helm.liqo.io, and trust its certificate
    desk 198.18.0.10       where tombolo runs
    home 192.168.1.2       behind a masquerading router, 198.18.2.1 outside: where a stock Nebula runs
    node 192.168.1.54      in the same network, when asked for: a real one-node Kubernetes (peers/home.py), and the desk as
                           192.168.1.10
    machines               what RunInstances starts: metal/

Tests use the class World (conftest.py makes one). Needs root; see metal/metal.py. Two worlds at the same time need two
values of TOMBOLO_E2E_PREFIX, which begins every name (te-).
"""
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", HERE.parents[1]))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tombolo-e2e"
sys.path[:0] = [str(HERE / "metal"), str(HERE / "peers"), str(HERE.parent / "interop")]
import artefacts  # noqa: E402
import home  # noqa: E402
import mirror as mirrors  # noqa: E402
import nebula_build  # noqa: E402
import net  # noqa: E402
from mirror import archive_path  # noqa: E402,F401

MIRROR, REGION = mirrors.URL, "us-west-2"
NEW, OLD = "1.11.1", "1.6.1"  # of Nebula: built from its Go module, and Debian's own
CLUSTER_FOLDER = "cluster-at-home"
NODE, NODE_2, NODE_MESH, DESK_AT_HOME = "192.168.1.54", "192.168.1.55", "10.42.1.1", "192.168.1.10"
STATE = pathlib.Path(f"/run/tombolo-{net.PREFIX}world.json")  # of the world that stands now


def nebula_programs(version):
    """A folder with nebula and nebula-cert of that version."""
    return pathlib.Path("/usr/bin") if version == OLD else nebula_build.build(version)


def missing():
    """Why this world cannot stand here; None when it can."""
    if os.geteuid():
        return "not root"
    if not os.path.isdir("/sys/fs/cgroup/systemd"):
        return "no version 1 control groups"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    for program in ("busybox", "containerd", "runc", "debootstrap", "systemd-nspawn", "iptables-restore", "conntrack", "ip",
                    "nebula", "ssh", "openssl"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"{program} is not installed"
    try:
        nebula_build.go_program()
    except nebula_build.NotHere as reason:
        return str(reason)
    return None


class Home(net.Home):
    """A computer behind NAT, and the stock Nebula that runs on it."""

    def __init__(self):
        super().__init__()
        self.process, self.log = None, None

    def run(self, *argv, check=True, **options):
        return subprocess.run(["nsenter", f"--net={self.path}", *map(str, argv)], check=check, text=True, capture_output=True,
                              **options)

    def start_nebula(self, folder, version=NEW):
        """With the folder's config.yml; its log is kept beside it."""
        self.stop_nebula()
        self.log = open(pathlib.Path(folder) / "nebula.log", "ab")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self.path}", nebula_programs(version) / "nebula", "-config",
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
        forget_dead()
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ends = contextlib.ExitStack()  # what to do at the end, in the opposite order
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        self.ends.callback(STATE.unlink, missing_ok=True)
        rootfs = subprocess.run([HERE / "metal/image.sh", CACHE], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        mirrors.make_authority(self.folder / "tls")
        self.mirror = self.folder / "mirror"
        self.sha256 = {v: mirrors.archive(self.mirror, v, nebula_programs(v)) for v in (NEW, OLD)}
        self.sha256["nebula"] = self.sha256[NEW]
        self.artefacts = artefacts.Artefacts()
        self.sha256.update(self.artefacts.mirror(self.mirror))
        self.endpoint = self.start_metal(rootfs)
        self.ends.enter_context(mirrors.served(self.mirror, self.folder / "tls"))
        self.home = Home()
        self.ends.callback(self.home.stop_nebula)
        self.publish()

    def publish(self, **more):
        """What `exec` and the other commands by hand go by."""
        STATE.write_text(json.dumps({
            "endpoint": self.endpoint, "mirror": MIRROR, "mirror_ca": str(self.folder / "tls/ca.crt"), "sha256": self.sha256,
            "versions": {"nebula": NEW, "k3s": artefacts.K3S, "helm": artefacts.HELM, "liqo": artefacts.LIQO},
            "programs": str(self.artefacts.programs), "folder": str(self.folder), "pid": os.getpid(), **more}))

    def start_metal(self, rootfs):
        """The EC2 API and its machines; ends with us, however we end. It also removes the home's namespaces."""
        bundle = pathlib.Path("etc/ssl/certs/ca-certificates.crt")
        layer = self.folder / "layer"
        (layer / bundle).parent.mkdir(parents=True)
        (layer / bundle).write_text((pathlib.Path(rootfs) / bundle).read_text() + (self.folder / "tls/ca.crt").read_text())
        log = self.folder / "metal.log"
        server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, HERE / "metal/metal.py", "--prefix", net.PREFIX, "serve",
             "--workdir", self.folder / "metal", "--rootfs", rootfs, "--layer", self.artefacts.machine, "--layer", layer,
             *(word for maker in mirrors.MAKERS for word in ("--host", f"{maker}={net.INTERNET}"))],
            stdout=subprocess.PIPE, stderr=open(log, "wb"), text=True)
        self.ends.callback(server.wait, timeout=60)
        self.ends.callback(server.terminate)
        line = server.stdout.readline()
        if not line:
            raise RuntimeError("local EC2 did not start:\n" + log.read_text()[-2000:])
        return json.loads(line)["endpoint"]

    @functools.cached_property
    def cluster_at_home(self):
        """The home Kubernetes; it starts when it is first asked for, in about 15 s."""
        node, desk = net.Namespace("node"), net.Namespace("desk", create=False)
        self.home.plug(node, "eth0", NODE)
        node.ip("route", "add", "default", "via", net.HOME_GATEWAY)
        self.home.plug(desk, "lan", DESK_AT_HOME)
        cluster = home.HomeCluster(self.folder / CLUSTER_FOLDER, node, self.artefacts.programs, self.artefacts.images, NODE,
                                   [NODE_MESH])
        self.ends.callback(cluster.stop)
        self.publish(kubeconfig=cluster.kubeconfig, home_api=cluster.url, home_pods=home.PODS, home_services=home.SERVICES)
        return cluster

    @contextlib.contextmanager
    def second_node(self):
        """One more node of the home Kubernetes, in the same network, while the `with` lasts."""
        namespace = net.Namespace("node-2")
        try:
            self.home.plug(namespace, "eth0", NODE_2)
            namespace.ip("route", "add", "default", "via", net.HOME_GATEWAY)
            node = home.SecondNode(self.cluster_at_home, self.folder / "second-node", namespace, NODE_2)
            self.ends.callback(node.stop)
            yield node
            node.stop()
        finally:
            namespace.delete()
            shutil.rmtree(self.folder / "second-node", ignore_errors=True)

    def stop(self):
        self.ends.close()

    def at_desk(self, argv, environment=None):
        """The command line and the environment of a program at the desk."""
        return at_desk(self.endpoint, self.artefacts.programs, argv, environment)

    def desk(self, *argv, check=True, timeout=120, environment=None, **options):
        command, variables = self.at_desk(argv, environment)
        return subprocess.run(command, env=variables, check=check, text=True, capture_output=True, timeout=timeout,
                              **options)

    # The EC2 API: as boto3 sees it, and what moto_strict.py lets tests do to it.

    @functools.cached_property
    def ec2(self):
        return client(self.endpoint, "ec2")

    def post(self, path, value=None):
        data = json.dumps(value or {}).encode()
        request = urllib.request.Request(self.endpoint + path, data, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=30))

    def control(self, **settings):
        """Settings of metal/front.py, e.g. console_delay_s=20."""
        answer = self.post("/_strict/config", settings)
        assert "error" not in answer, answer["error"]
        return answer

    def fault(self, action, **fault):
        return self.post("/_strict/fault", {"action": action, **fault})

    def calls(self):
        return json.load(urllib.request.urlopen(self.endpoint + "/_strict/log", timeout=30))

    # The machines, seen from behind.

    def machine(self, instance, *argv, check=True, **options):
        """A command as root in a machine."""
        return subprocess.run(enter(instance, argv), check=check, text=True, capture_output=True, **options)

    def console(self, instance):
        return (self.folder / "metal/machines" / instance / "console.log").read_text(errors="replace")

    # The weather of the Internet between desk, home and EC2, in both directions.

    def block_udp(self, port):
        """As an Internet provider that lets no UDP of this port through."""
        return Rule("-p", "udp", "-m", "multiport", "--ports", str(port), "-j", "DROP")

    def swallow_packets_over(self, size):
        """Larger IP packets that may not be fragmented disappear without a word: a black hole for path MTU discovery.

        Only UDP: the routers of such paths shrink TCP's segments (MSS clamping), so SSH goes on.
        """
        return Rule("-p", "udp", "-m", "length", "--length", f"{size + 1}:65535", "-m", "u32", "--u32", "4&0x4000=0x4000",
                    "-j", "DROP")


class Rule:
    """A firewall rule of the Internet, while the `with` lasts."""

    def __init__(self, *rule):
        self.rule = rule

    def change(self, how):
        net.Internet(create=False).run("iptables", how, "FORWARD", *self.rule)

    def __enter__(self):
        self.change("-I")

    def __exit__(self, *_):
        self.change("-D")


def at_desk(endpoint, programs, argv, environment=None):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
    variables.update(AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_PAGER="",
                     AWS_DEFAULT_REGION=REGION, AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull,
                     NO_COLOR="1", PATH=f"{pathlib.Path(sys.executable).parent}:{programs}:{os.environ['PATH']}",
                     **(environment or {}))
    return ["nsenter", f"--net=/run/netns/{net.PREFIX}desk", *map(str, argv)], variables


def enter(instance, argv):
    return [sys.executable, str(HERE / "metal/metal.py"), "--prefix", net.PREFIX, "enter", instance, *map(str, argv)]


def client(endpoint, service, **options):
    import boto3
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test", **options)


# By hand.

def standing():
    """What `up` printed, of the world that stands now; None when there is none."""
    try:
        state = json.loads(STATE.read_text())
        os.kill(state["pid"], 0)
        return state
    except (OSError, ValueError):
        return None


def forget_dead():
    """Removes the files of a world that was killed; metal.py cleans up its own things when it starts."""
    if standing():
        raise RuntimeError(f"another world stands, of process {standing()['pid']}: end it, or choose a TOMBOLO_E2E_PREFIX")
    if STATE.exists():
        shutil.rmtree(json.loads(STATE.read_text())["folder"], ignore_errors=True)
        STATE.unlink()


def up(folder):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as ends:
        world = World(folder or ends.enter_context(tempfile.TemporaryDirectory(prefix="tombolo-world.")))
        ends.callback(world.stop)
        world.cluster_at_home
        print(STATE.read_text(), flush=True)
        while True:
            signal.pause()


def down(state):
    os.kill(state["pid"], signal.SIGTERM)
    end = time.monotonic() + 90
    while standing() and time.monotonic() < end:
        time.sleep(0.1)


def status(state):
    print(json.dumps(state))
    for reservation in client(state["endpoint"], "ec2").describe_instances()["Reservations"]:
        for i in reservation["Instances"]:
            print(i["InstanceId"], i["State"]["Name"], i.get("PublicIpAddress", "-"), i.get("PrivateIpAddress", "-"))


def execute(state, where, argv):
    if where.startswith("i-"):
        command, variables = enter(where, argv), os.environ
    else:
        home_config = {"KUBECONFIG": state["kubeconfig"]} if "kubeconfig" in state else {}
        command, variables = at_desk(state["endpoint"], state["programs"], argv, home_config)
        if where == "node":
            command = home.enter(pathlib.Path(state["folder"]) / CLUSTER_FOLDER, argv)
        else:
            command[1] = f"--net=/run/netns/{net.PREFIX}{where}"
    os.execvpe(command[0], command, variables)


def main():
    verb, words = (sys.argv[1:2] or ["help"])[0], sys.argv[2:]
    if verb == "up":
        return up(words[0] if words else None)
    if verb == "clean":
        subprocess.run([sys.executable, HERE / "metal/metal.py", "--prefix", net.PREFIX, "clean"], check=True)
        return forget_dead()
    if verb not in ("exec", "status", "down") or (verb == "exec") != (len(words) > 1):
        sys.exit(__doc__)
    state = standing() or sys.exit("world.py: there is no world: world.py up")
    {"exec": lambda: execute(state, words[0], words[1:]), "status": lambda: status(state), "down": lambda: down(state)}[verb]()


if __name__ == "__main__":
    main()
