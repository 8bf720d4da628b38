"""machine.py: one instance as a systemd container: image + overlay, own network namespace, own control groups.

A thread of its own follows what is wanted of it: "run", "stop" or "gone". Its directory holds upper/ and
varlib/ (what it wrote), console.log, hypervisor/uuid. It dies with this process even if that is killed.
"""
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import net

HERE = Path(__file__).resolve().parent


def cgroup_bases():
    """This process's own group in every hierarchy that is mounted, e.g. {"memory": "/sys/fs/cgroup/memory/x"}.

    Also in the empty unified one: that is where systemd-nspawn looks for the place to put its own groups.
    """
    bases = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in names.replace("name=", "").split(","):
            where = Path("/sys/fs/cgroup") / (name or "unified")
            if where.is_dir():
                bases[name or "unified"] = Path(str(where) + path.rstrip("/"))
    return bases


def make_cgroups(name):
    made = []
    for kind, base in cgroup_bases().items():
        where = base / (net.PREFIX + "metal") / name
        for level in where.parent, where:
            level.mkdir(exist_ok=True)
            if kind == "cpuset":
                for f in "cpuset.cpus", "cpuset.mems":
                    (level / f).write_text((level.parent / f).read_text())
                (level / "cgroup.clone_children").write_text("1")
        made.append(str(where))
    return made


def kill_cgroups(name=""):
    """Kills what is in the groups of one machine, or of all (also of a server that ran elsewhere), and removes them."""
    if name:
        tops = [base / (net.PREFIX + "metal") / name for base in cgroup_bases().values()]
    else:
        tops = list(Path("/sys/fs/cgroup").rglob(net.PREFIX + "metal"))
    for _ in range(100):
        alive = set()
        for top in tops:
            for procs in top.rglob("cgroup.procs"):
                try:
                    alive |= {int(p) for p in procs.read_text().split()}
                except OSError:
                    pass
        for pid in alive - {0, os.getpid()}:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        left = False
        for top in tops:
            for level, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(level)
                except OSError:
                    left = True
        if not left:
            return
        time.sleep(0.05)


class Machine:
    def __init__(self, fabric, instance, router):
        self.fabric, self.instance, self.router = fabric, instance, router
        self.id, self.private = instance.id, instance.private_ip
        nic = instance.nics[0]
        self.subnet, self.mac = nic.subnet.cidr_block, nic.mac_address
        self.dir = Path(fabric.workdir) / "machines" / self.id
        self.console = self.dir / "console.log"
        self.wanted, self.changed = "run", threading.Condition()
        self.reboots, self.booted, self.process, self.status, self.namespace = 0, None, None, "initializing", None
        self.dead = fabric.take("dead_machines")
        self.blind = fabric.take("drop_user_data")
        self.thread = threading.Thread(target=self.live, daemon=True)
        self.thread.start()

    def want(self, what):
        with self.changed:
            if what == "reboot":
                self.reboots += 1
            else:
                self.wanted = what
            self.changed.notify_all()

    def wait(self, seconds):
        with self.changed:
            self.changed.wait(seconds)

    def state(self, name, code, only_from):
        with self.fabric.lock:
            if self.instance._state.name in only_from:
                self.instance._state.name, self.instance._state.code = name, code

    def live(self):
        try:
            self.prepare()
            while self.wanted != "gone":
                if self.wanted == "run":
                    self.boot()
                    self.state("running", 16, ["pending"])
                    self.follow()
                    self.halt()
                if self.wanted == "stop":
                    self.state("stopped", 80, ["stopping"])
                    while self.wanted == "stop":
                        self.wait(1)
        except Exception as e:  # shown where a user looks for a failed boot
            print(f"{self.id}: {e}", flush=True)
            with open(self.console, "a") as f:
                f.write(f"metal: {e}\n")
            self.status = "impaired"
            while self.wanted != "gone":
                self.wait(1)
        self.remove()
        self.state("terminated", 48, ["shutting-down"])

    def prepare(self):
        (self.dir / "hypervisor").mkdir(parents=True)
        (self.dir / "hypervisor/uuid").write_text(f"ec2{self.id[2:7]}-{self.id[7:11]}-{self.id[11:15]}-0000-000000000000\n")
        (self.dir / "upper/etc").mkdir(parents=True)
        domain = self.instance.private_dns_name.partition(".")[2]
        (self.dir / "upper/etc/resolv.conf").write_text(f"nameserver {net.RESOLVER}\nsearch {domain}\n")
        self.console.touch()
        self.namespace = net.Namespace(self.id)
        self.router.forget(self.private)
        self.router.attach(self.namespace, "m" + self.id[2:15], self.private, self.subnet, self.mac)

    def boot(self):
        self.status, self.booted = "initializing", time.time()
        delay = self.fabric.setting("boot_delay_s")
        if delay:
            self.wait(delay)
        if self.dead:
            self.process = None
            return
        groups = make_cgroups(self.id)
        env = {"PATH": os.environ["PATH"], "TERM": "vt220", "LAYERS": ":".join(self.fabric.layers), "DIR": str(self.dir),
               "NAME": self.id, "NETNS": self.namespace.path, "CGROUPS": " ".join(groups)}
        with open(self.console, "ab") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "slave", "sh", str(HERE / "boot.sh")],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)

    def follow(self):
        """Until something else is wanted, or the machine went off by itself."""
        reboots, limit = self.reboots, self.booted + self.fabric.setting("impaired_after_s")
        while self.wanted == "run" and reboots == self.reboots:
            if self.process and self.process.poll() is not None:
                with self.changed:
                    if self.wanted == "run" and self.process.returncode != 133:  # that is nspawn's word for a reboot
                        self.wanted = self.fabric.went_off(self.instance)
                return
            if self.status != "ok" and self.answers():
                self.status = "ok"
            elif self.status == "initializing" and time.time() > limit:
                self.status = "impaired"
            self.wait(0.3)

    def answers(self):
        """The reachability check: sshd's port is open, seen from the router (no security group applies there)."""
        if not self.process:
            return False
        probe = self.router.run("timeout", "0.5", "bash", "-c", f": < /dev/tcp/{self.private}/22 && echo yes", check=False)
        return probe == "yes\n"

    def halt(self):
        if not self.process:
            return
        grace = self.fabric.setting("stop_grace_s")
        if self.process.poll() is None and grace and not self.fabric.stopping:
            self.process.terminate()  # nspawn passes on the signal that asks systemd to power off
            try:
                self.process.wait(grace)
            except subprocess.TimeoutExpired:
                pass
        self.process.kill()
        kill_cgroups(self.id)
        self.process.wait()
        self.process = None

    def remove(self):
        self.halt()
        if self.namespace:
            self.namespace.delete()
        for part in "upper", "work", "varlib", "varlib.new", "tree", "hypervisor":
            shutil.rmtree(self.dir / part, ignore_errors=True)  # the console stays, as on EC2
