"""The whole life of a lighthouse on machines that really boot: up, status, ssh, logs, ping, reboot, replacement, down."""
import json
import time

import pytest
import world as worlds
from cluster import Cluster


@pytest.fixture(scope="module")
def cluster(world, tmp_path_factory):
    it = Cluster(world, tmp_path_factory.mktemp("cluster"))
    yield it
    it.run("down", "--yes", code=None)


def phases(events):
    return [e["phase"] for e in events if "phase" in e]


def in_order(wanted, seen):
    rest = iter(seen)
    return all(any(w == s for s in rest) for w in wanted)


def test_up_ends_with_a_packet_over_the_mesh(cluster):
    events = cluster.events()
    assert in_order(["launch", "running", "ssh", "keys made", "deliver", "certificate delivered", "Nebula active",
                     "handshake seen"], phases(events)), phases(events)
    assert "console keys" not in phases(events), "the banner's proof was there, and yet the console was asked"
    status = cluster.json("status")
    assert status["asWished"], status
    lighthouse = next(m for m in status["members"] if m["name"] == "lighthouse")
    assert 0 < lighthouse["milliseconds"] < 1000


def test_a_second_up_changes_nothing(cluster, world):
    world.post("/_strict/reset")
    assert "Nothing to do." in cluster.up()
    changing = [c for c in world.calls() if not c[0].startswith(("Describe", "Get"))]
    assert changing == []


def test_the_key_never_left_the_machine(cluster, world):
    user_data = world.machine(cluster.instance, "cat", "/var/lib/cloud/instance/user-data.txt").stdout
    assert "PRIVATE KEY" not in user_data and "tombolo-host-proof" in user_data
    assert not (cluster.folder / ".tombolo/nebula/members/lighthouse/host.key").exists()
    token = world.machine(cluster.instance, "ls", "-A", "/run/tombolo").stdout
    assert token.strip() == "", "the machine has not forgotten its token"


def test_nebula_runs_as_the_file_says(cluster, world):
    run = lambda *argv: world.machine(cluster.instance, *argv).stdout  # noqa: E731
    assert run("systemctl", "is-active", "nebula").strip() == "active"
    assert "10.42.0.1/16" in run("ip", "-o", "address", "show", "nebula1") and "mtu 1300" in run("ip", "link", "show", "nebula1")
    assert "4242" in run("ss", "-lun")
    config = run("cat", "/etc/nebula/config.yml")
    assert "am_relay: true" in config and "punch: true" in config and "unsafe_routes" not in config
    assert run("/usr/local/bin/nebula", "-version").strip() == f"Version: {worlds.NEW}"


def test_ssh_logs_and_ping(cluster):
    assert cluster.run("ssh", "lighthouse", "--", "echo", "hello").startswith("hello\n")
    cluster.run("ssh", "lighthouse", "--", "exit 7", code=7)
    assert "phase=ready state=ok" in cluster.run("logs", "lighthouse")
    assert "Handshake message received" in cluster.run("logs", "lighthouse", "--nebula")
    assert "BEGIN SSH HOST KEY KEYS" in cluster.run("logs", "lighthouse", "--console")
    assert cluster.json("ping", "lighthouse", "--count", "2")["received"] == 2
    assert cluster.json("ping", "talos-homelab", code=1)["received"] == 0


def test_logs_follow_until_they_are_stopped(cluster, world):
    running = cluster.start("logs", "lighthouse", "-f", "-n", "1")
    try:
        time.sleep(1)
        world.machine(cluster.instance, "sh", "-c", "echo something new >>/var/log/nebula-bootstrap.log")
        end = time.monotonic() + 10
        while "something new" not in running.text and time.monotonic() < end:
            time.sleep(0.1)
        assert "something new" in running.text
        running.process.send_signal(2)
        assert running.end(30) in (0, 4)
    finally:
        running.process.kill()


def test_plain_ssh_and_scp_work_with_the_pinned_keys(cluster, world):
    config = cluster.folder / ".tombolo/ssh_config"
    assert world.desk("ssh", "-F", config, "lighthouse", "id -un").stdout == "ec2-user\n"
    world.desk("scp", "-q", "-F", config, cluster.folder / "tombolo.yaml", "lighthouse:copied")
    assert "HybridCluster" in world.desk("ssh", "-F", config, "lighthouse", "cat copied").stdout


def test_a_reboot_is_survived_and_a_stopped_nebula_repaired(cluster, world):
    world.machine(cluster.instance, "sh", "-c", "touch /run/before-reboot")
    world.ec2.reboot_instances(InstanceIds=[cluster.instance])
    end = time.monotonic() + 30
    while time.monotonic() < end:
        gone = world.machine(cluster.instance, "ls", "/run/before-reboot", check=False)
        if gone.returncode == 2:
            break
        time.sleep(0.5)
    assert gone.returncode == 2, "it did not reboot"  # a container shares the computer's boot id
    cluster.up()
    assert cluster.json("ping", "lighthouse")["received"] == 1
    world.machine(cluster.instance, "systemctl", "stop", "nebula")
    assert cluster.resource("mesh.member/lighthouse")["state"] == "not ready"
    cluster.up()
    assert cluster.json("status")["asWished"]


def test_a_half_run_bootstrap_is_repaired(cluster, world):
    world.machine(cluster.instance, "sh", "-c", "systemctl stop nebula; rm -rf /etc/nebula/config.yml /usr/local/bin/nebula "
                  "/var/lib/tombolo/*.done")
    assert "update mesh.member/lighthouse" in cluster.up()
    assert cluster.json("status")["asWished"]


def test_a_changed_file_reaches_the_running_machine(cluster, world):
    instance = cluster.instance
    cluster.write(version=worlds.OLD)
    cluster.up()
    assert cluster.instance == instance
    assert world.machine(instance, "/usr/local/bin/nebula", "-version").stdout.strip().endswith(worlds.OLD)
    assert cluster.json("ping", "lighthouse")["received"] == 1, "our handshake and Debian's Nebula"
    cluster.write()
    cluster.up()
    assert cluster.json("status")["asWished"]


def test_down_ends_with_a_receipt_of_zero(cluster):
    events = cluster.run("down", "--yes", "-o", "json")
    receipt = json.loads(events[events.index("{\n"):])
    assert receipt["zero"] and receipt["billable"] == 0, receipt
    assert not (cluster.folder / ".tombolo/machines/lighthouse.json").exists()
    assert cluster.run("ssh", "lighthouse", "--", "true", code=None)
    cluster.run("ping", "lighthouse", code=1)


def test_embedded_keys_boot_without_our_help(world, tmp_path):
    """The recipe's way: everything in the user-data. SSH is used only to look."""
    embedded = Cluster(world, tmp_path, name="embedded", keys="embedded")
    try:
        events = embedded.events()
        assert "deliver" not in phases(events) and "handshake seen" in phases(events)
        assert embedded.json("status")["asWished"]
    finally:
        embedded.run("down", "--yes")


def test_a_machine_that_forgets_itself_is_vouched_for_by_the_console(world, tmp_path):
    """User-data that never ran: no banner, no bootstrap. The console proves the keys, SSH runs the bootstrap."""
    blind = Cluster(world, tmp_path, name="blind")
    world.control(drop_user_data=1)
    try:
        seen = phases(blind.events())
        assert in_order(["console keys", "ssh", "bootstrap", "keys made", "handshake seen"], seen), seen
        assert blind.json("status")["asWished"]
    finally:
        blind.run("down", "--yes")


def test_a_failed_phase_says_so_at_once_with_its_log(world, tmp_path):
    broken = Cluster(world, tmp_path, name="broken", sha256="0" * 64)
    try:
        begun = time.monotonic()
        said = broken.up(code=1)
        assert time.monotonic() - begun < 30
        assert "phase artefacts" in said and "has SHA-256" in said and "not used" in said, said
        broken.write()
        broken.up()
        assert broken.json("status")["asWished"]
    finally:
        broken.run("down", "--yes")


def test_figures_of_polling(world, tmp_path):
    """Never above one call a second per resource, counted over a whole `up`."""
    polite = Cluster(world, tmp_path, name="polite")
    world.control(boot_delay_s=6)
    world.post("/_strict/log")
    before = len(world.calls())
    begun = time.monotonic()
    try:
        polite.up()
    finally:
        took = time.monotonic() - begun
        world.control(boot_delay_s=0)
        polite.run("down", "--yes")
    counts = {}
    for action, parameters, *_ in world.calls()[before:]:
        if action == "DescribeInstances" and "Filter.1.Name" in parameters:
            counts[str(sorted(parameters.items()))] = counts.get(str(sorted(parameters.items())), 0) + 1
    assert max(counts.values()) <= took + 2, (counts, took)
