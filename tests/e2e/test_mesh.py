"""The mesh with real packets both ways: a home behind NAT and a laptop, mixed versions of Nebula, and what may happen to them."""
import pathlib
import subprocess
import time

import pytest
import world as worlds
from cluster import Cluster
from weather import until

LIGHTHOUSE, HOME = "10.42.0.1", "10.42.1.1"


@pytest.fixture(scope="module")
def cluster(world, tmp_path_factory):
    it = Cluster(world, tmp_path_factory.mktemp("mesh"))
    it.up()
    folder = it.folder / "home"
    it.member("talos-homelab", folder)
    world.home.start_nebula(folder)
    yield it
    world.home.stop_nebula()
    it.run("down", "--yes", code=None)


def home_folder(cluster):
    return cluster.folder / "home"


def both_ways(world, cluster, seconds=25):
    """Packets from home to the lighthouse and back the other way, each sent by the operating system's own ping."""
    assert world.home.ping(LIGHTHOUSE, seconds), "home gets no answer"
    # One packet may still go into the tunnel of before.
    return until(lambda: cluster.json("ping", "talos-homelab", code=None)["received"] == 1, seconds)


def test_home_joins_with_the_folder_that_mesh_config_wrote(cluster, world):
    assert both_ways(world, cluster)
    member = next(m for m in cluster.json("status")["members"] if m["name"] == "talos-homelab")
    assert member["milliseconds"] > 0 and member["handshakeSeconds"] < 120 and member["from"] == "lighthouse"


def test_mesh_config_again_keeps_the_key(cluster):
    key = (home_folder(cluster) / "host.key").read_text()
    cluster.member("talos-homelab", home_folder(cluster))
    assert (home_folder(cluster) / "host.key").read_text() == key
    assert (home_folder(cluster) / "host.key").stat().st_mode & 0o777 == 0o600


def test_a_member_may_make_its_own_key(cluster, tmp_path):
    subprocess.run(["nebula-cert", "keygen", "-out-key", tmp_path / "host.key", "-out-pub", tmp_path / "host.pub"], check=True)
    cluster.member("laptop", tmp_path / "out", "--pub", tmp_path / "host.pub")
    assert not (tmp_path / "out/host.key").exists() and (tmp_path / "out/host.crt").exists()
    cluster.up()  # and nothing makes another key for it
    assert not (cluster.folder / ".tombolo/nebula/members/laptop/host.key").exists() or (
        cluster.folder / ".tombolo/nebula/members/laptop/host.pub").exists()


def test_lighthouse_and_workers_are_refused(cluster):
    assert "`tombolo up`" in cluster.run("mesh", "config", "lighthouse", code=3)
    cluster.run("mesh", "config", "nobody", code=3)


@pytest.mark.parametrize("at_home,in_the_cloud", [(worlds.OLD, worlds.NEW), (worlds.NEW, worlds.OLD)])
def test_versions_may_be_mixed(cluster, world, at_home, in_the_cloud):
    cluster.write(version=in_the_cloud)
    cluster.up()
    world.home.start_nebula(home_folder(cluster), at_home)
    try:
        assert both_ways(world, cluster, 40)
    finally:
        cluster.write()
        cluster.up()
        world.home.start_nebula(home_folder(cluster))
        assert world.home.ping(LIGHTHOUSE, 40)


def test_home_comes_back_by_itself_after_the_lighthouse_was_replaced(cluster, world):
    before, address = cluster.instance, cluster.address
    pins = (cluster.folder / ".tombolo/known_hosts").read_text()
    cluster.up("--recreate", "lighthouse")
    assert cluster.instance != before and cluster.address == address
    assert (cluster.folder / ".tombolo/known_hosts").read_text() != pins, "the new machine's keys were not pinned anew"
    assert both_ways(world, cluster, 60), "home did not find the new lighthouse"
    assert cluster.run("ssh", "lighthouse", "--", "true") == ""


def test_an_elastic_address_that_moved_is_brought_back(cluster, world):
    association = world.ec2.describe_addresses()["Addresses"][0]["AssociationId"]
    world.ec2.disassociate_address(AssociationId=association)
    assert "address-moved" in cluster.findings()
    assert not world.home.ping(LIGHTHOUSE, 2)
    cluster.up()
    assert both_ways(world, cluster, 60)


def test_a_reboot_of_the_lighthouse_is_no_matter(cluster, world):
    world.ec2.reboot_instances(InstanceIds=[cluster.instance])
    time.sleep(2)
    cluster.up()
    assert both_ways(world, cluster, 60)


def test_a_new_authority_takes_over_while_traffic_flows(cluster, world):
    cluster.run("cert", "rotate-ca")
    states = {c["name"]: c["state"] for c in cluster.json("cert", "status")["certificates"]}
    assert states["talos-homelab"] == "of the old authority", states
    cluster.run("cert", "rotate-ca", "--finish", code=1)  # somebody would be cut off
    cluster.up()
    assert both_ways(world, cluster), "home has still its old certificate, and both authorities are trusted"
    cluster.member("talos-homelab", home_folder(cluster))
    world.home.process.send_signal(1)
    assert both_ways(world, cluster, 40)
    cluster.run("cert", "rotate-ca", "--finish")
    cluster.up()
    cluster.member("talos-homelab", home_folder(cluster))
    world.home.process.send_signal(1)
    assert both_ways(world, cluster, 40), "only the new authority is trusted now"
    trusted = world.machine(cluster.instance, "grep", "-c", "BEGIN NEBULA", "/etc/nebula/ca.crt").stdout.strip()
    assert trusted == "2", "home and worker authority"


def test_a_revoked_member_is_out(cluster, world):
    assert world.home.ping(LIGHTHOUSE, 20)
    cluster.run("cert", "revoke", "talos-homelab", "--reissue")
    cluster.up()
    end = time.monotonic() + 40
    while world.home.ping(LIGHTHOUSE, 1) and time.monotonic() < end:
        time.sleep(0.5)
    assert not world.home.ping(LIGHTHOUSE, 2), "the blocklist let it in"
    (home_folder(cluster) / "host.key").unlink()
    cluster.member("talos-homelab", home_folder(cluster))
    world.home.start_nebula(home_folder(cluster))
    assert both_ways(world, cluster, 40), "the new certificate with a new key"


def test_a_machine_in_the_middle_is_refused_and_explained(cluster, world, tmp_path):
    """A second real sshd, with keys of its own, takes the lighthouse's place: at first contact and after pinning."""
    instance, address = cluster.instance, cluster.address
    netns = f"/run/netns/{worlds.net.PREFIX}desk"
    inside = ["nsenter", f"--net={netns}"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    banner = world.machine(instance, "cat", "/etc/ssh/tombolo-host-proof").stdout
    (tmp_path / "banner").write_text(banner)  # and it replays the real machine's banner
    (tmp_path / "config").write_text(f"ListenAddress 127.0.0.1:2222\nHostKey {tmp_path}/key\nBanner {tmp_path}/banner\n"
                                     f"PidFile none\nAuthorizedKeysFile none\nUsePAM no\n")

    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    sshd = subprocess.Popen([*inside, "/usr/sbin/sshd", "-D", "-e", "-f", tmp_path / "config"], stderr=subprocess.DEVNULL)
    rule = ["OUTPUT", "-t", "nat", "-d", address, "-p", "tcp", "--dport", "22", "-j", "DNAT", "--to-destination", "127.0.0.1:2222"]
    subprocess.run([*inside, "iptables", "-A", *rule], check=True)
    try:
        time.sleep(0.5)
        said = cluster.run("ssh", "lighthouse", "--", "true", code=1)
        assert "host key" in said and ("middle" in said or "stands between" in said), said
        assert "ssh-host-key" in " ".join(cluster.findings())
        # As somebody who never met the machine: no pins, the same journal and SSH key.
        (cluster.folder / ".tombolo/known_hosts").unlink()
        (cluster.folder / ".tombolo/machines/lighthouse.json").unlink()
        said = cluster.up(code=1)
        assert "middle" in said or "stands between" in said or "another" in said, said
    finally:
        subprocess.run([*inside, "iptables", "-D", *rule], check=True)
        sshd.terminate()
        sshd.wait(timeout=10)
    cluster.up()
    assert cluster.run("ssh", "lighthouse", "--", "true") == ""


