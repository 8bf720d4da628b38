"""The world itself, proven with boto3, ssh and stock Nebula: what the other tests stand on, every control included."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest
import world as worlds
from botocore.config import Config
from botocore.exceptions import ClientError

ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ANYWHERE}
NEBULA = {"IpProtocol": "udp", "FromPort": 4242, "ToPort": 4242, "IpRanges": ANYWHERE}


def until(what, seconds=30):
    """The first true value of what(), or the last one."""
    end = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.2)
    return value


class Site:
    """A key pair, a security group, and machines with them; all of it goes away at the end."""

    def __init__(self, world, folder):
        self.world, self.ec2, self.folder, self.launched = world, world.ec2, folder, []
        with open(os.open(folder / "key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as key:
            key.write(self.ec2.create_key_pair(KeyName="metal", KeyType="ed25519")["KeyMaterial"])
        vpc = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        self.group = self.ec2.create_security_group(GroupName="metal", Description="metal", VpcId=vpc)["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[SSH, NEBULA])
        images = worlds.client(world.endpoint, "ssm").get_parameter(
            Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
        self.image = images["Parameter"]["Value"]

    def launch(self, name="metal", **more):
        machine = self.ec2.run_instances(
            ImageId=self.image, InstanceType="t3.small", MinCount=1, MaxCount=1, KeyName="metal", SecurityGroupIds=[self.group],
            MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
            UserData="#!/bin/bash\nset -e\necho hello >/var/lib/sentinel\n", **more)["Instances"][0]
        self.launched.append(machine["InstanceId"])
        assert machine["State"]["Name"] == "pending"
        return machine["InstanceId"]

    def describe(self, machine):
        return self.ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"][0]

    def state(self, machine):
        return self.describe(machine)["State"]["Name"]

    def checks(self, machine):
        found = self.ec2.describe_instance_status(InstanceIds=[machine])["InstanceStatuses"]
        return [found[0][k]["Status"] for k in ("InstanceStatus", "SystemStatus")] if found else []

    def output(self, machine):
        return self.ec2.get_console_output(InstanceId=machine, Latest=True).get("Output", "")

    def host_keys(self, machine):
        block = re.search("BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS", self.output(machine), re.S)
        return re.findall("(?:ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/=]+", block.group(1)) if block else []

    def ssh(self, address, command, wait=4):
        return self.world.desk("ssh", "-F", "none", "-i", self.folder / "key", "-o", f"UserKnownHostsFile={self.folder}/known_hosts",
                               "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={wait}",
                               f"ec2-user@{address}", command, check=False)

    def trust(self, address, keys):
        with open(self.folder / "known_hosts", "a") as known:
            known.writelines(f"{address} {key}\n" for key in keys)

    def tear_down(self):
        self.ec2.terminate_instances(InstanceIds=self.launched)
        assert until(lambda: all(self.state(m) == "terminated" for m in self.launched))
        for address in self.ec2.describe_addresses()["Addresses"]:
            if address.get("Tags") == [{"Key": "Name", "Value": "metal"}]:
                self.ec2.release_address(AllocationId=address["AllocationId"])
        self.ec2.delete_security_group(GroupId=self.group)
        self.ec2.delete_key_pair(KeyName="metal")


@pytest.fixture(scope="module")
def site(world, tmp_path_factory):
    it = Site(world, tmp_path_factory.mktemp("site"))
    yield it
    it.tear_down()


def new_address(ec2):
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": "metal"}]}]
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=tags)
    return made["AllocationId"], made["PublicIp"]


@pytest.fixture(scope="module")
def machine(site):
    """One that has an elastic address and has done its user-data; its host keys are trusted from the console."""
    it = site.launch()
    assert until(lambda: site.state(it) == "running")
    allocation, address = new_address(site.ec2)
    site.ec2.associate_address(InstanceId=it, AllocationId=allocation)
    assert site.describe(it)["PublicIpAddress"] == address
    keys = until(lambda: site.host_keys(it), 60)
    assert len(keys) == 2, site.output(it)
    site.trust(address, keys)
    assert until(lambda: site.ssh(address, "cloud-init status --wait").returncode == 0, 60)
    return it


@pytest.fixture
def address(site, machine):
    return site.describe(machine)["PublicIpAddress"]


def test_user_data_ran_and_ssh_knows_the_host(site, address):
    assert site.ssh(address, "cat /var/lib/sentinel").stdout == "hello\n"
    said = site.ssh(address, "cloud-init status --long; sudo id -u; ip -4 -br address show ens5").stdout
    assert "status: done" in said and "DataSourceEc2" in said and "\n0\n" in said and "172.31." in said


def test_metadata_is_that_of_ec2_version_2(site, address):
    said = site.ssh(address, """B=http://169.254.169.254/latest
        T=$(curl -sX PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $B/api/token)
        for p in public-ipv4 tags/instance/Name placement/region spot; do
          curl -s -H "X-aws-ec2-metadata-token: $T" $B/meta-data/$p; echo; done
        curl -so /dev/null -w "%{http_code}" $B/meta-data/""").stdout
    assert said == f"{address}\nmetal\nus-west-2\n\n401"


def test_status_checks_pass(site, machine):
    assert until(lambda: site.checks(machine) == ["ok", "ok"])


def test_the_security_group_is_enforced_at_once(site, address):
    site.ec2.revoke_security_group_ingress(GroupId=site.group, IpPermissions=[SSH])
    assert "timed out" in site.ssh(address, "true", wait=1).stderr
    site.ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[SSH])
    assert site.ssh(address, "true").returncode == 0


def test_an_elastic_address_moves(site, machine, address):
    old = site.ec2.describe_addresses(PublicIps=[address])["Addresses"][0]
    site.ec2.disassociate_address(AssociationId=old["AssociationId"])
    assert site.ssh(address, "true", wait=1).returncode == 255
    allocation, other = new_address(site.ec2)
    site.ec2.associate_address(InstanceId=machine, AllocationId=allocation)
    site.trust(other, site.host_keys(machine))
    assert site.ssh(other, "cat /var/lib/sentinel").stdout == "hello\n"


def test_a_stop_and_a_start_keep_disk_address_and_host_keys(site, machine, address):
    site.ec2.stop_instances(InstanceIds=[machine])
    assert until(lambda: site.state(machine) == "stopped")
    assert site.ssh(address, "true", wait=1).returncode == 255
    site.ec2.start_instances(InstanceIds=[machine])
    assert until(lambda: site.ssh(address, "cat /var/lib/sentinel", wait=1).stdout == "hello\n", 60)


def test_a_reboot_is_one(site, machine, world, address):
    world.machine(machine, "touch", "/run/before")
    site.ec2.reboot_instances(InstanceIds=[machine])
    assert until(lambda: site.ssh(address, "test ! -e /run/before", wait=1).returncode == 0, 60)


def test_the_mirror_serves_both_versions_also_under_the_makers_name(world, machine):
    for version, base in (worlds.NEW, worlds.MIRROR), (worlds.OLD, "https://github.com"):
        said = world.machine(machine, "sh", "-c", f"curl -fsS {base}/{worlds.archive_path(version)} | sha256sum").stdout
        assert said.split()[0] == world.sha256[version]


def nebula_config(folder, lighthouse=None):
    """Of a lighthouse (None), or of a member whose lighthouse has that address."""
    there = f'static_host_map: {{"10.42.0.1": ["{lighthouse}:4242"]}}\nlighthouse: {{hosts: ["10.42.0.1"]}}' if lighthouse else \
        "lighthouse: {am_lighthouse: true}"
    return f"""{there}
pki: {{ca: {folder}/ca.crt, cert: {folder}/host.crt, key: {folder}/host.key}}
listen: {{host: 0.0.0.0, port: {0 if lighthouse else 4242}}}
punchy: {{punch: true}}
tun: {{dev: nebula1, mtu: 1300}}
firewall:
  outbound: [{{port: any, proto: any, host: any}}]
  inbound: [{{port: any, proto: any, host: any}}]
"""


@pytest.fixture(scope="module")
def mesh(world, site, machine, tmp_path_factory):
    """The new Nebula on the machine as lighthouse, started by hand; the folder for home."""
    base = tmp_path_factory.mktemp("mesh")
    cert = lambda *words: subprocess.run(["nebula-cert", *words], cwd=base, check=True)  # noqa: E731
    cert("ca", "-name", "metal")
    for name, ip in ("lighthouse", "10.42.0.1/16"), ("home", "10.42.1.1/16"):
        (base / name).mkdir()
        cert("sign", "-name", name, "-ip", ip, "-out-crt", f"{name}/host.crt", "-out-key", f"{name}/host.key")
        (base / name / "ca.crt").write_bytes((base / "ca.crt").read_bytes())
    (base / "lighthouse/config.yml").write_text(nebula_config("/etc/nebula"))
    (base / "home/config.yml").write_text(nebula_config(base / "home", site.describe(machine)["PublicIpAddress"]))
    packed = subprocess.run(["tar", "c", "-C", base / "lighthouse", "."], check=True, capture_output=True).stdout
    subprocess.run(worlds.enter(machine, ["sh", "-c", f"""
        set -e; mkdir -p /etc/nebula; tar x -C /etc/nebula
        curl -fsS {worlds.MIRROR}/{worlds.archive_path(worlds.NEW)} | tar xz -C /usr/local/bin
        systemd-run -q --unit=nebula /usr/local/bin/nebula -config /etc/nebula/config.yml"""]), input=packed, check=True)
    yield base / "home"
    world.home.stop_nebula()
    world.machine(machine, "systemctl", "stop", "nebula")


@pytest.mark.parametrize("version", [worlds.NEW, worlds.OLD])
def test_home_joins_the_mesh_through_its_nat(world, machine, mesh, version):
    world.home.start_nebula(mesh, version)
    assert world.home.ping("10.42.0.1"), (mesh / "nebula.log").read_text()
    assert world.machine(machine, "ping", "-c", "1", "-W", "2", "10.42.1.1").returncode == 0
    world.home.stop_nebula()


ECHO = """import socket
s = socket.socket(2, 2); s.bind(("", {port})); s.setsockopt(0, 10, {discover})
while 1: s.sendto(*s.recvfrom(9000))"""
ASK = """import socket, sys
s = socket.socket(2, 2); s.settimeout(0.7); s.setsockopt(0, 10, {discover})  # IP_MTU_DISCOVER
s.sendto(bytes({size} - 28), ("{address}", {port}))
try: sys.exit(len(s.recv(9000)) != {size} - 28)
except TimeoutError: sys.exit(1)"""
WHOLE, FRAGMENTS = 2, 0  # IP_PMTUDISC_DO and _DONT: packets that may not be fragmented, and those that may


@pytest.fixture(scope="module")
def echo(world, site, machine):
    """UDP packets to the ports 5001 (whole) and 5002 (in fragments) come back. Tells which do, from home and from the desk."""
    other = {**NEBULA, "FromPort": 5001, "ToPort": 5002}
    site.ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[other])
    how = {5001: WHOLE, 5002: FRAGMENTS}
    for port, discover in how.items():
        world.machine(machine, "systemd-run", "-q", f"--unit=echo-{port}", "python3", "-c",
                      ECHO.format(port=port, discover=discover))
    until(lambda: world.machine(machine, "ss", "-Hlun").stdout.count(":500") == 2)
    address = site.describe(machine)["PublicIpAddress"]

    def answered(port, size=100):
        script = ASK.format(discover=how[port], size=size, address=address, port=port)
        runs = [run(sys.executable, "-c", script, check=False).returncode == 0 for run in (world.home.run, world.desk)]
        assert runs[0] == runs[1], "home and desk disagree"
        return runs[0]

    yield answered
    world.machine(machine, "systemctl", "stop", "echo-5001", "echo-5002")


def test_udp_can_be_blocked_on_the_way(world, site, echo, address):
    assert echo(5001) and echo(5002)
    with world.block_udp(5001):
        assert not echo(5001)
        assert echo(5002)
        assert site.ssh(address, "true").returncode == 0
    assert echo(5001)


def test_a_black_hole_swallows_large_packets_without_a_word(world, echo):
    assert echo(5001, 1400)
    with world.swallow_packets_over(1300):
        assert not echo(5001, 1301)
        assert echo(5001, 1300)
        assert echo(5002, 1400), "what may be fragmented passes"
    assert echo(5001, 1400)


def test_home_is_behind_nat(world, machine):
    assert world.machine(machine, "ping", "-c", "1", "-W", "1", "198.18.2.1", check=False).returncode == 0
    inside = world.machine(machine, "ping", "-c", "1", "-W", "1", worlds.net.HOME, check=False)
    assert inside.returncode == 1, "a home address is reached from outside"


def test_user_data_can_be_hidden_and_the_console_be_late(world, site):
    world.control(drop_user_data=1, console_delay_s=8)
    try:
        blind = site.launch("blind")
        begun = time.monotonic()
        assert until(lambda: site.state(blind) == "running")
        assert until(lambda: world.machine(blind, "cloud-init", "status", "--wait", check=False).returncode == 0, 60)
        assert world.machine(blind, "test", "-e", "/var/lib/sentinel", check=False).returncode == 1
        if time.monotonic() - begun < 7:
            assert site.output(blind) == ""
        assert until(lambda: len(site.host_keys(blind)) == 2)
        assert time.monotonic() - begun >= 8
    finally:
        world.control(drop_user_data=0, console_delay_s=0)
    site.ec2.terminate_instances(InstanceIds=[blind])


def test_a_type_can_be_without_capacity(world, site):
    world.fault("RunInstances", code="InsufficientInstanceCapacity", status=500, message="no capacity",
                match={"InstanceType": "t3.small"})
    once = worlds.client(world.endpoint, "ec2", config=Config(retries={"max_attempts": 0}))
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
        once.run_instances(ImageId=site.image, InstanceType="t3.small", MinCount=1, MaxCount=1)


def test_a_dead_machine_runs_and_says_nothing(world, site):
    world.control(dead_machines=1, impaired_after_s=1)
    try:
        dead = site.launch("dead")
        assert until(lambda: site.checks(dead) == ["impaired", "impaired"])
        assert site.state(dead) == "running" and site.output(dead) == ""
    finally:
        world.post("/_strict/reset")
    site.ec2.terminate_instances(InstanceIds=[dead])


def test_a_setting_that_is_none_is_refused(world):
    with pytest.raises(AssertionError, match="no setting is called"):
        world.control(no_such_setting=1)


def traces(*words):
    """Processes and namespaces with that in their names."""
    found = [n for n in subprocess.run(["ip", "netns"], text=True, capture_output=True).stdout.split() if n.startswith(words)]
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if any(w in line for w in words):
            found.append(line)
    groups = [str(g) for g in pathlib.Path("/sys/fs/cgroup").rglob("*metal") if g.name.startswith(words)]
    mounts = [m for m in pathlib.Path("/proc/mounts").read_text().splitlines() if any(w in m for w in words)]
    return found + groups + mounts


def test_a_terminated_machine_leaves_nothing(world, site):
    short = site.launch("short")
    assert until(lambda: site.state(short) == "running")
    assert traces(short)
    (told,) = site.ec2.terminate_instances(InstanceIds=[short])["TerminatingInstances"]
    assert told["CurrentState"]["Name"] == "shutting-down"
    assert until(lambda: site.state(short) == "terminated")
    assert traces(short) == []


@pytest.mark.parametrize("victim", ["world", "metal"])
def test_a_killed_world_leaves_nothing(victim):
    """Killed without warning: the world's own EC2 ends by itself; a killed EC2's remains go with `clean`."""
    prefix = "k" + worlds.net.PREFIX
    environment = {**os.environ, "TOMBOLO_E2E_PREFIX": prefix}
    script = [sys.executable, worlds.HERE / "world.py"]
    process = subprocess.Popen([*script, "up"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        state = json.loads(process.stdout.readline())
        ec2 = worlds.client(state["endpoint"], "ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        machine = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        assert until(lambda: subprocess.run([*script, "exec", machine, "true"], env=environment, capture_output=True).returncode == 0)
        if victim == "world":
            process.kill()
        else:
            child = subprocess.run(["pgrep", "-f", f"prefix {prefix} serve"], text=True, capture_output=True).stdout.split()[0]
            os.kill(int(child), 9)
            process.kill()
        process.wait()
        if victim == "world":
            assert until(lambda: not traces(prefix, machine)), traces(prefix, machine)
        subprocess.run([*script, "clean"], env=environment, check=True)
        assert until(lambda: not traces(prefix, machine), 20), traces(prefix, machine)
        assert not os.path.exists(state["folder"])
    finally:
        process.kill()
        subprocess.run([*script, "clean"], env=environment, check=False)
