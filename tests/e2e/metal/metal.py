#!/usr/bin/env python3
"""metal.py: a local EC2. moto (through moto_strict.py) answers the API, and each RunInstances boots a machine here.

    metal.py serve [--port 0] [--workdir DIR] [--cache DIR] [--rootfs DIR] [--layer DIR] [--host NAME=ADDRESS]
                   [JSON]
    metal.py enter INSTANCE [COMMAND...]   a root shell in a machine, to look around
    metal.py clean                   removes what a killed server left

"serve" builds the image if there is none (image.sh), prints one line of JSON (endpoint, namespaces, directories) and
runs until SIGTERM or SIGINT; then every machine, namespace, control group and process is gone. The endpoint answers
under the same URL on this computer and at the desk, and at 198.18.0.1 for joined namespaces. Needs root, iproute2,
iptables, conntrack, systemd-container; all names begin with --prefix (te-), one server for each prefix.

A machine is a systemd container with cloud-init's Ec2 data source, sshd and TUN; see net.py for its network, imds.py
for its metadata, machine.py for its life, front.py for its API (the control endpoints of moto_strict.py work here too; JSON
holds front.py's Settings). What the API does:
  states          pending until the container starts, shutting-down and stopping until it is off; a machine that powers
                  off or reboots by itself is seen; status checks initializing, then ok when sshd's port opens
  addresses       public and elastic ones come from 203.0.113.0/24, work at once, move live
  security groups ingress and egress by protocol, port, IPv4 range and group; a change works at once
  GetConsoleOutput  the last 64 KiB of the machine's console
  RunInstances    without a subnet: the default subnet, as EC2 does
  TerminateInstances  disassociates elastic addresses
"""
import argparse
import atexit
import fcntl
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "interop")]
import net  # noqa: E402
from front import DomainDispatcherApplication, MetalFront, create_backend_app  # noqa: E402
from machine import Machine, kill_cgroups  # noqa: E402


class Fabric:
    """The machines and routers, kept in step with moto's model by sync()."""

    def __init__(self, options, rootfs):
        self.workdir = options.workdir
        self.layers = [str(Path(d).resolve()) for d in [*reversed(options.layer), rootfs]]
        self.names = dict(h.split("=", 1) for h in options.host)
        self.lock, self.stopping, self.front = threading.RLock(), False, None
        self.machines, self.routers, self.servers, self.vpcs = {}, {}, [], 0
        self.internet = net.Internet()
        self.desk = net.Namespace("desk")
        self.internet.attach(self.desk, "eth0", net.DESK)
        self.pool = [str(a) for a in ipaddress.ip_network("203.0.113.0/24").hosts()]

    def setting(self, name):
        return getattr(self.front.settings, name)

    def take(self, name):
        """Whether one is left of a setting that counts machines; it is one less then."""
        left = self.setting(name)
        setattr(self.front.settings, name, max(left - 1, 0))
        return left > 0

    def public_address(self):
        """The next one of the pool that nobody has; an address just given back is the last to be used again."""
        used = {e.public_ip for b in self.backends() for e in b.addresses} | {i.public_ip for _, i in self.instances()}
        for n, address in enumerate(self.pool):
            if address not in used:
                self.pool = self.pool[n + 1:] + self.pool[:n + 1]
                return address
        raise RuntimeError("no public address is free")

    def backends(self):
        from moto.backends import get_backend
        from moto.core import DEFAULT_ACCOUNT_ID
        return list(get_backend("ec2")[DEFAULT_ACCOUNT_ID].values())

    def instances(self):
        return [(b, i) for b in self.backends() for i in b.all_instances()]

    def sync(self):
        """After every call that may change something: what moto says becomes true."""
        with self.lock:
            known = {}
            for e in (e for b in self.backends() for e in b.addresses if e.eni):
                e.eni.public_ip = e.public_ip  # moto drops it at a stop
            for _, i in self.instances():
                known[i.id] = i
                machine, state = self.machines.get(i.id), i._state
                if state.name == "running" and not machine:
                    self.machines[i.id] = Machine(self, i, self.router(i))
                    state.name, state.code = "pending", 0
                elif state.name == "running" and machine.wanted == "stop":
                    machine.want("run")
                    state.name, state.code = "pending", 0
                elif state.name == "stopped" and machine.wanted == "run":
                    machine.want("stop")
                    state.name, state.code = "stopping", 64
                elif state.name == "terminated" and machine.wanted != "gone":
                    machine.want("gone")
                    state.name, state.code = "shutting-down", 32
            for id in set(self.machines) - set(known):  # moto was reset
                self.machines.pop(id).want("gone")
            self.apply(known)
            there = {vpc for b in self.backends() for vpc in b.vpcs}
            for vpc in [v for v in self.routers if v not in there]:
                self.routers.pop(vpc).delete()

    def apply(self, known):
        def members(group_id):
            return [i.private_ip for i in known.values()
                    if i._state.code in (0, 16, 64) and any(g.id == group_id for g in groups(i))]

        def groups(i):
            return {g.id: g for nic in i.nics.values() for g in [*nic.group_set, *i.security_groups]}.values()

        def matches(rule, side):
            proto = "" if rule.ip_protocol == "-1" else f"-p {rule.ip_protocol}"
            if proto in ("-p tcp", "-p udp"):
                proto += f" --dport {rule.from_port}:{rule.to_port}"
            elif proto == "-p icmp" and rule.from_port not in (None, -1):
                proto += f" --icmp-type {rule.from_port}" + (f"/{rule.to_port}" if rule.to_port not in (None, -1) else "")
            peers = [rule.cidr_ipv4] if rule.cidr_ipv4 else []
            if rule.source_group:
                peers += members(rule.source_group.get("GroupId"))
            return [f"{side} {peer} {proto}" for peer in peers]

        for router in self.routers.values():
            hosts = []
            for id, machine in self.machines.items():
                i = known[id]
                if machine.router is router and i._state.code in (0, 16, 32, 64) and machine.wanted != "gone":
                    hosts.append(net.Host(id[2:15], machine.private, i.public_ip,
                                          [m for g in groups(i) for r in g.ingress_rules for m in matches(r, "-s")],
                                          [m for g in groups(i) for r in g.egress_rules for m in matches(r, "-d")]))
            router.apply(hosts)

    def router(self, instance):
        vpc = instance.nics[0].subnet.vpc_id
        if vpc not in self.routers:
            import imds
            self.vpcs += 1
            router = self.routers[vpc] = net.Router(self.internet, vpc, self.vpcs)
            self.servers += imds.serve(self, router)
        return self.routers[vpc]

    def went_off(self, instance):
        """A machine powered itself off: what is wanted of it now."""
        with self.lock:
            end = instance.instance_initiated_shutdown_behavior == "terminate"
            if instance._state.name in ("pending", "running"):
                if end:
                    instance.terminate()
                else:
                    instance.stop()
                instance._state.name, instance._state.code = ("shutting-down", 32) if end else ("stopping", 64)
            return "gone" if end else "stop"

    # for imds.py

    def by_address(self, router, address):
        here = [m for m in self.machines.values() if m.router is router and m.private == address]
        return next((m for m in here if m.wanted != "gone"), None)

    def reservation(self, backend, instance):
        return next((r.id for r in backend.reservations.values() if instance in r.instances), "")

    def resolve(self, router, name):
        if name in self.names or name == "instance-data.ec2.internal":
            return self.names.get(name, net.METADATA)
        for machine in list(self.machines.values()):
            i = machine.instance
            if machine.router is router and name in (i.private_dns_name, i.public_dns_name):
                return machine.private
            if name == i.public_dns_name:
                return i.public_ip
        return None

    def stop(self):
        self.stopping = True
        for machine in self.machines.values():
            machine.want("gone")
        for machine in self.machines.values():
            machine.thread.join(20)
        for server in self.servers:
            server.shutdown()
            server.server_close()
        kill_cgroups()
        net.delete_all()


def serve(options):
    from werkzeug.serving import make_server
    programs = ["ip", "iptables-restore", "conntrack", "nsenter", "unshare", "setpriv", "sysctl", "systemd-nspawn"]
    missing = [p for p in programs + ([] if options.rootfs else ["debootstrap"]) if not shutil.which(p)]
    if missing or os.geteuid():
        sys.exit(f"metal.py: not found: {', '.join(missing)}" if missing else "metal.py: only root can do this")
    lock = open(Path(tempfile.gettempdir()) / f"metal-{net.PREFIX}.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"metal.py: another server with the prefix {net.PREFIX} is running")
    clean()
    build = [str(HERE / "image.sh"), *([options.cache] if options.cache else [])]
    rootfs = options.rootfs or subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    made = None if options.workdir else tempfile.TemporaryDirectory(prefix="metal-")
    options.workdir = str(Path(options.workdir or made.name).resolve())
    fabric = Fabric(options, rootfs)

    def end(*_):
        fabric.stop()
        if made:
            made.cleanup()
        os._exit(0)  # without the second that Python takes to forget moto

    for s in signal.SIGTERM, signal.SIGINT:
        signal.signal(s, end)
    atexit.register(fabric.stop)  # an exception while starting
    fabric.front = front = MetalFront(fabric, DomainDispatcherApplication(create_backend_app), json.loads(options.config or "{}"))
    first = socket.create_server(("127.0.0.1", options.port), backlog=64)
    port = first.getsockname()[1]
    sockets = [first, fabric.desk.socket(socket.SOCK_STREAM, "127.0.0.1", port),
               fabric.internet.socket(socket.SOCK_STREAM, net.INTERNET, port)]
    for s in sockets:
        server = make_server("127.0.0.1", port, front, threaded=True, fd=s.fileno())
        server.keep = s
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        fabric.servers.append(server)
    print(json.dumps({"endpoint": f"http://127.0.0.1:{port}", "joined_endpoint": f"http://{net.INTERNET}:{port}",
                      "desk": fabric.desk.name, "internet": fabric.internet.name, "workdir": options.workdir,
                      "rootfs": rootfs, "pid": os.getpid()}), flush=True)
    while True:
        signal.pause()


def clean():
    kill_cgroups()
    net.delete_all()


def enter(instance, command):
    """As root in the machine: its systemd is the child of its systemd-nspawn."""
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = cmdline.read_bytes().split(b"\0")
            if words[0].endswith(b"systemd-nspawn") and f"--machine={instance}".encode() in words:
                pid = cmdline.parent.name
                child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
                for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():  # so that it ends with the machine
                    _, kind, where = line.split(":", 2)
                    procs = Path(f"/sys/fs/cgroup/{kind.removeprefix('name=') or 'unified'}{where}/cgroup.procs")
                    if procs.exists():
                        procs.write_text(str(os.getpid()))
                os.execvp("nsenter", ["nsenter", "-t", child, "-m", "-u", "-i", "-n", "-p", "-C",
                                      *(command or ["bash", "-l"])])
        except (OSError, IndexError):
            continue
    sys.exit(f"metal.py: no machine {instance} is running")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", default=net.PREFIX)
    commands = parser.add_subparsers(dest="command", required=True)
    s = commands.add_parser("serve")
    s.add_argument("--port", type=int, default=0)
    s.add_argument("--workdir", help="default: a temporary one")
    s.add_argument("--cache", help="where the image is kept; default ${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-e2e")
    s.add_argument("--rootfs", help="boot from this directory instead of image.sh's")
    s.add_argument("--layer", action="append", default=[], metavar="DIR", help="files laid over the image in every machine, e.g. a "
                   "certificate authority in etc/ssl/certs or programs in usr/local/bin; the last one given is on top")
    s.add_argument("--host", action="append", default=[], metavar="NAME=ADDRESS", help="a name that the machines can resolve")
    s.add_argument("config", nargs="?")
    e = commands.add_parser("enter")
    e.add_argument("instance")
    e.add_argument("argv", nargs=argparse.REMAINDER)
    commands.add_parser("clean")
    options = parser.parse_args()
    net.PREFIX = options.prefix
    if options.command == "serve":
        serve(options)
    elif options.command == "enter":
        enter(options.instance, options.argv)
    else:
        clean()


if __name__ == "__main__":
    main()
