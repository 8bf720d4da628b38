"""Each trouble of the doctor's list, made for real on booted machines, and the finding that names it."""
import json
import subprocess
import time

import pytest
from cluster import Cluster


@pytest.fixture(scope="module")
def cluster(world, tmp_path_factory):
    it = Cluster(world, tmp_path_factory.mktemp("doctor"))
    it.up()
    yield it
    it.run("down", "--yes", code=None)


@pytest.fixture(autouse=True)
def healthy_again(request):
    """What a test broke is mended by `up`, and the doctor then finds nothing."""
    yield
    if "cluster" in request.fixturenames:
        cluster = request.getfixturevalue("cluster")
        cluster.up()
        assert cluster.findings() == []


def finding(cluster, wanted):
    """The finding of that id; it stands alone."""
    answer = json.loads(cluster.run("doctor", "-o", "json", code=1))
    ids = [f["id"] for f in answer["findings"]]
    assert ids == [wanted], answer
    assert all(answer["findings"][0][k] for k in ("symptom", "cause", "fix"))
    return answer["findings"][0]


def group_of(world, cluster):
    return world.ec2.describe_security_groups(Filters=[{"Name": "tag:tombolo:cluster", "Values": [cluster.name]}])["SecurityGroups"][0]


def close(world, cluster, protocol):
    group = group_of(world, cluster)
    rules = [r for r in group["IpPermissions"] if r["IpProtocol"] == protocol]
    world.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)


def test_a_healthy_cluster_has_no_findings(cluster):
    answer = json.loads(cluster.run("doctor", "-o", "json"))
    assert answer["findings"] == [] and answer["unseen"] == [], answer
    assert "Nothing is wrong" in cluster.run("doctor")


def test_the_mesh_port_closed_and_fixed(cluster, world):
    close(world, cluster, "udp")
    assert finding(cluster, "mesh-port-closed")["fixable"]
    said = cluster.run("doctor", "--fix")
    assert "mesh-port-closed" in said and "Nothing is wrong" in said


def test_ssh_closed(cluster, world):
    close(world, cluster, "tcp")
    finding(cluster, "ssh-closed")


def test_the_address_moved(cluster, world):
    address = next(a for a in world.ec2.describe_addresses()["Addresses"] if a["PublicIp"] == cluster.address)
    world.ec2.disassociate_address(AssociationId=address["AssociationId"])
    finding(cluster, "address-moved")


def test_udp_blocked_on_the_way(cluster, world):
    with world.block_udp(4242):
        assert "another network" in finding(cluster, "udp-blocked")["fix"]


def test_a_black_hole_for_large_packets(cluster, world):
    with world.swallow_packets_over(1200):
        assert "1300" in finding(cluster, "mtu-black-hole")["symptom"]


def test_nebula_stopped(cluster, world):
    world.machine(cluster.instance, "systemctl", "stop", "nebula")
    finding(cluster, "nebula-down")


def test_a_certificate_path_that_is_wrong(cluster, world):
    world.machine(cluster.instance, "sh", "-c", "sed -i s,/etc/nebula/host.crt,/etc/nebula/no.crt, /etc/nebula/config.yml; "
                  "systemctl restart nebula; sleep 1; rm /var/lib/tombolo/*.done")
    finding(cluster, "certificate-path")


def test_another_mesh_s_authority_on_the_machine(cluster, world, tmp_path):
    subprocess.run(["nebula-cert", "ca", "-name", "stranger"], cwd=tmp_path, check=True)
    world.machine(cluster.instance, "sh", "-c", "cat >/etc/nebula/ca.crt; rm /var/lib/tombolo/*.done; systemctl reload nebula",
                  input=(tmp_path / "ca.crt").read_text())
    finding(cluster, "wrong-authority")


def test_an_expired_certificate(cluster, world, tmp_path):
    """The clock goes on for the program alone: the real certificate's end is past, as it will be in ten years."""
    ledger = json.loads(cluster.run("cert", "status", "-o", "json"))
    assert all(c["state"].startswith("valid") for c in ledger["certificates"])
    ca = cluster.folder / ".tombolo/nebula"
    pub = world.machine(cluster.instance, "cat", "/etc/nebula/host.pub").stdout
    (tmp_path / "host.pub").write_text(pub)
    subprocess.run(["nebula-cert", "sign", "-ca-crt", ca / "home-ca.crt", "-ca-key", ca / "home-ca.key", "-name", "lighthouse",
                    "-ip", "10.42.0.1/16", "-groups", "lighthouse,infrastructure", "-in-pub", tmp_path / "host.pub",
                    "-duration", "2s", "-out-crt", tmp_path / "host.crt"], check=True)
    certificate = (tmp_path / "host.crt").read_text()
    (ca / "members/lighthouse/host.crt").write_text(certificate)
    world.machine(cluster.instance, "sh", "-c", "cat >/etc/nebula/host.crt; systemctl restart nebula", input=certificate)
    time.sleep(3)
    assert "certificate-expired" in cluster.findings()
    cluster.up()
    assert cluster.findings() == [], "renewed and delivered"


def test_a_stopped_machine(world, tmp_path):
    stopped = Cluster(world, tmp_path, name="stopped")
    try:
        stopped.up()
        world.ec2.stop_instances(InstanceIds=[stopped.instance])
        end = time.monotonic() + 30
        while "instance-stopped" not in stopped.findings() and time.monotonic() < end:
            time.sleep(0.5)
        assert stopped.findings() == ["instance-stopped"]
    finally:
        stopped.run("down", "--yes")


def test_user_data_that_did_not_run(world, tmp_path):
    """A machine without user-data; `up` is not allowed to help before the doctor has looked."""
    blind = Cluster(world, tmp_path, name="blind-doctor")
    world.control(drop_user_data=1)
    try:
        blind.up()
        world.machine(blind.instance, "sh", "-c", "systemctl stop nebula; rm -rf /var/log/nebula-bootstrap.log /var/lib/tombolo")
        assert blind.findings() == ["user-data-missing"]
    finally:
        blind.run("down", "--yes")


def test_the_recipes_generator_was_passed(world, tmp_path):
    """Its error text on the console and in cloud-init's output, as the recipe's own page has it."""
    wrong = Cluster(world, tmp_path, name="generator")
    try:
        wrong.up()
        world.machine(wrong.instance, "sh", "-c", "systemctl stop nebula; rm -rf /var/log/nebula-bootstrap.log /var/lib/tombolo; "
                      "echo 'ERROR: CA certificate not found at /var/lib/cloud/.output/nebula/ca.crt' >>/var/log/cloud-init-output.log")
        assert wrong.findings() == ["generator-passed"]
    finally:
        wrong.run("down", "--yes")


def test_a_download_that_is_another_one(world, tmp_path):
    broken = Cluster(world, tmp_path, name="checksum", sha256="0" * 64)
    try:
        broken.up(code=1)
        assert broken.findings() == ["artefact-checksum"]
    finally:
        broken.run("down", "--yes")


def test_a_mirror_that_is_not_there(world, tmp_path):
    lost = Cluster(world, tmp_path, name="mirror", version="1.9.9", sha256="1" * 64)
    try:
        lost.up(code=1)
        assert lost.findings() == ["artefact-unreachable"]
    finally:
        lost.run("down", "--yes")


def test_no_capacity(world, tmp_path):
    full = Cluster(world, tmp_path, name="full", type="t3.small")
    world.fault("RunInstances", code="InsufficientInstanceCapacity", status=500, times=99,
                message="We currently do not have sufficient t3.small capacity in the Availability Zone you requested.")
    try:
        full.up(code=1)
        assert "t3.small" in finding(full, "no-capacity")["cause"]
    finally:
        world.post("/_strict/reset")
        full.run("down", "--yes")


def test_the_machine_never_boots(world, tmp_path):
    """Running in AWS, and nothing answers: `up` says whom it waits for, and the doctor what it means."""
    dead = Cluster(world, tmp_path, name="dead")
    world.control(dead_machines=1)
    try:
        dead.run("up", "--yes", "--no-wait")
        running = dead.start("up", "--yes")
        time.sleep(6)
        running.process.send_signal(2)
        running.end(60)
        assert "ssh: 203.0.113." in running.text, running.text  # it says whom it waits for, and why
        assert finding(dead, "ssh-silent")
    finally:
        dead.run("down", "--yes")
