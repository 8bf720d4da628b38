"""net.py: the networks of the fabric, all of them network namespaces of this computer.

    desk 198.18.0.10 -------+
                            +--- internet 198.18.0.1 ------- vpc router 198.18.1.N ---- machine ens5 172.31.x.y
    home --- nat 198.18.2.1 +    routes each public address   1:1 NAT, security groups,
    192.168.1.2                                               metadata and DNS service

As in EC2, a machine sees only its private address, everything between machines goes through the router (there is no
shared Ethernet), and a machine without a public address has no Internet. Nothing leads out of these namespaces.
"""
import ctypes
import ipaddress
import os
import socket
import subprocess
import threading
from collections import namedtuple

INTERNET, DESK, VPCS = "198.18.0.1", "198.18.0.10", "198.18.1.{}"
HOME, HOME_GATEWAY, HOME_OUTSIDE = "192.168.1.2", "192.168.1.1", "198.18.2.1"
METADATA, RESOLVER = "169.254.169.254", "169.254.169.253"
PREFIX = os.environ.get("TOMBOLO_E2E_PREFIX", "te-")  # of every namespace and control group: one world for each

Host = namedtuple("Host", "id private public ingress egress")  # the last two: iptables matches that are allowed


def sh(*argv, text=None, check=True):
    done = subprocess.run(argv, input=text, text=True, capture_output=True)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    def __init__(self, name, create=True):
        self.name = PREFIX + name
        self.path = f"/run/netns/{self.name}"
        if create:
            sh("ip", "netns", "add", self.name)
            self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return sh("ip", "-n", self.name, *words)

    def run(self, *argv, **kw):  # not "ip netns exec", which would hide the control groups
        return sh("nsenter", f"--net={self.path}", *argv, **kw)

    def sysctl(self, *settings):
        self.run("sysctl", "-qw", *(f"net.ipv4.{s}" for s in settings))

    def socket(self, kind, host, port):
        """A bound socket of this namespace, for use by any thread."""
        made = []

        def work():
            fd = os.open(self.path, os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):  # this thread only
                    raise OSError(ctypes.get_errno(), "setns")
                s = socket.socket(socket.AF_INET, kind)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((host, port))
                if kind == socket.SOCK_STREAM:
                    s.listen(64)
                made.append(s)
            except OSError as e:
                made.append(e)
            finally:
                os.close(fd)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def link(self, device, other, other_device, mtu=1500):
        """A cable from a device here to one in another namespace; both ends up."""
        sh("ip", "link", "add", device, "mtu", str(mtu), "netns", self.name, "type", "veth",
           "peer", "name", other_device, "mtu", str(mtu), "netns", other.name)
        self.ip("link", "set", device, "up")
        other.ip("link", "set", other_device, "up")

    def delete(self):
        sh("ip", "netns", "del", self.name, check=False)


class Internet(Namespace):
    """Everything between two of its customers is routed here, both ways, so its FORWARD chain is the weather."""

    def __init__(self, create=True):
        super().__init__("internet", create)
        if create:
            self.ip("link", "add", "net0", "type", "bridge")
            self.ip("addr", "add", f"{INTERNET}/16", "dev", "net0")
            self.ip("link", "set", "net0", "up")
            self.sysctl("ip_forward=1", "conf.all.send_redirects=0", "conf.net0.send_redirects=0")

    def attach(self, other, device, address):
        port = "p" + "-".join(address.split(".")[2:])
        other.link(device, self, port)
        self.ip("link", "set", port, "master", "net0")
        other.ip("addr", "add", f"{address}/32", "dev", device)  # so that nobody reaches a neighbour past the router
        other.ip("route", "add", INTERNET, "dev", device)
        other.ip("route", "add", "default", "via", INTERNET)


class Router(Namespace):
    """Of one VPC."""

    def __init__(self, internet, vpc, number):
        super().__init__("vpc-" + vpc[-8:])
        self.vpc, self.internet, self.address = vpc, internet, VPCS.format(number)
        internet.attach(self, "wan", self.address)
        self.sysctl("ip_forward=1", "conf.all.send_redirects=0", "conf.default.send_redirects=0",
                    "conf.all.rp_filter=0", "conf.default.rp_filter=0")
        for address in METADATA, RESOLVER:
            self.ip("addr", "add", f"{address}/32", "dev", "lo")
        self.gateways, self.nat, self.applied = set(), {}, None
        self.apply([])

    def attach(self, machine, port, private, subnet, mac):
        """Connects a machine's namespace: ens5 with the private address, the first address of its subnet as gateway."""
        net = ipaddress.ip_network(subnet)
        gateway = str(net[1])
        if gateway not in self.gateways:
            self.ip("addr", "add", f"{gateway}/32", "dev", "lo")
            self.gateways.add(gateway)
        machine.link("ens5", self, port, mtu=9001)
        machine.ip("link", "set", "ens5", "address", mac)
        machine.ip("addr", "add", f"{private}/{net.prefixlen}", "dev", "ens5")
        machine.ip("route", "add", "default", "via", gateway)
        self.sysctl(f"conf.{port}.proxy_arp=1", f"conf.{port}.send_redirects=0", f"conf.{port}.rp_filter=0")
        self.ip("route", "replace", f"{private}/32", "dev", port)

    def apply(self, hosts):
        """Makes NAT and filter those of these hosts, at once; flows of an address that moved are forgotten."""
        nat, chains, rules = [], [], []
        for h in hosts:
            if h.public:
                nat += [f"-A PREROUTING -d {h.public} -j DNAT --to-destination {h.private}",
                        f"-A POSTROUTING -s {h.private} -o wan -j SNAT --to-source {h.public}",
                        f"-A POSTROUTING -s {h.private} -m conntrack --ctstate DNAT -j SNAT --to-source {h.public}"]
            chains += [f":in-{h.id} -", f":out-{h.id} -"]
            rules += [f"-A FORWARD -s {h.private} -j out-{h.id}"]
            rules += [f"-A out-{h.id} {match} -j RETURN" for match in h.egress] + [f"-A out-{h.id} -j DROP"]
            rules += [f"-A in-{h.id} {match} -j ACCEPT" for match in h.ingress] + [f"-A in-{h.id} -j DROP"]
        rules += [f"-A FORWARD -d {h.private} -j in-{h.id}" for h in hosts]
        rules += [f"-A FORWARD -s {h.private} -o wan -j ACCEPT" for h in hosts if h.public]
        text = "\n".join([
            "*nat", ":PREROUTING ACCEPT", ":POSTROUTING ACCEPT", *nat, "COMMIT",
            "*filter", ":INPUT DROP", ":FORWARD DROP", ":OUTPUT ACCEPT", *chains,
            "-A INPUT -p icmp -j ACCEPT",
            "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            f"-A INPUT ! -i wan -d {METADATA} -p tcp --dport 80 -j ACCEPT",
            f"-A INPUT ! -i wan -d {RESOLVER} -p udp --dport 53 -j ACCEPT",
            "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", *rules, "COMMIT", ""])
        if text == self.applied:
            return
        self.run("iptables-restore", text=text)
        self.applied = text
        was, self.nat = self.nat, {h.private: h.public for h in hosts if h.public}
        for private in {p for p in {*was, *self.nat} if was.get(p) != self.nat.get(p)}:
            self.forget(private)
        for public in {*was.values()} - {*self.nat.values()}:
            sh("ip", "-n", self.internet.name, "route", "del", f"{public}/32", "via", self.address, check=False)
        for public in {*self.nat.values()} - {*was.values()}:
            self.internet.ip("route", "replace", f"{public}/32", "via", self.address)

    def forget(self, private):
        for side in "--orig-src", "--reply-src":
            self.run("conntrack", "-D", side, private, check=False)


class Home(Namespace):
    """A computer at home: 192.168.1.2 behind a masquerading router, which the internet knows as 198.18.2.1."""

    def __init__(self):
        super().__init__("home")
        internet, self.router = Internet(create=False), Namespace("nat")
        internet.attach(self.router, "wan", HOME_OUTSIDE)
        # A MAC of its own: else it is the lowest of its ports', and one more computer changes the gateway's under everybody.
        self.router.ip("link", "add", "lan", "address", "02:00:00:00:01:01", "type", "bridge")
        self.router.ip("addr", "add", f"{HOME_GATEWAY}/24", "dev", "lan")
        self.router.ip("link", "set", "lan", "up")
        self.plug(self, "eth0", HOME)
        self.ip("route", "add", "default", "via", HOME_GATEWAY)
        self.router.sysctl("ip_forward=1")
        self.router.run("iptables-restore", text="*nat\n-A POSTROUTING -o wan -j MASQUERADE --random\nCOMMIT\n*filter\n"
                        ":FORWARD DROP\n-A FORWARD -i lan -j ACCEPT\n"
                        "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\nCOMMIT\n")

    def plug(self, other, device, address):
        """One more computer in this network; its other routes stay."""
        port = "port" + address.split(".")[3]
        other.link(device, self.router, port)
        self.router.ip("link", "set", port, "master", "lan")
        other.ip("addr", "add", f"{address}/24", "dev", device)


def delete_all():
    for line in sh("ip", "netns", "list").splitlines():
        if line.startswith(PREFIX):
            sh("ip", "netns", "del", line.split()[0], check=False)
