"""The main job against moto behind its strict front: up, nothing to do, drift, down, and the bad weather in between.

boto3 is the judge of what is there; the front's log is the judge of what was sent.
"""
import base64
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import SOURCE

ALLOWED = "198.51.100.7/32"
READS = re.compile(r"^(Describe|Get|List)")


class Desk:
    """A folder with the recipe's cluster file, and the program run in it as a user would."""

    def __init__(self, folder, program, moto):
        self.folder, self.program, self.moto = folder, program, moto
        self.environment = {**os.environ, **moto.environment(), "HOME": str(folder), "NO_COLOR": "1"}
        self.environment.pop("AWS_SESSION_TOKEN", None)
        self.file = folder / "tombolo.yaml"
        text = (SOURCE / "examples/recipe.yaml").read_text()
        for field, value in (("sshAllowedFrom", ALLOWED), ("backup", "none")):
            text, found = re.subn(rf"(?m)^(\s*){field}:.*$", rf"\1{field}: {value}", text)
            assert found == 1, f"the recipe's file does not set {field}"
        self.file.write_text(re.sub(r"(?m)^  target: nebula-ca-key$", "", text))
        self.ec2 = moto.ec2()

    def edit(self, old, new):
        text = self.file.read_text()
        assert text.count(old) == 1, f"{old} must stand once in the file"
        self.file.write_text(text.replace(old, new))

    def run(self, *arguments, expect=0, **environment):
        done = subprocess.run([self.program, *arguments], cwd=self.folder, env={**self.environment, **environment},
                              capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
        said = f"tombolo {' '.join(arguments)} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == expect if isinstance(expect, int) else done.returncode in expect, said
        self.complaint = done.stderr
        return done.stdout

    # moto's machines never boot, and there is no home: all that is behind the machine is left out.
    def up(self, **environment):
        return self.run("up", "--no-wait", "--yes", **environment)

    def plan(self, *arguments, expect=0):
        return self.run("plan", "--no-wait", *arguments, expect=expect)

    def down(self):
        return self.run("down", "--yes")

    def calls(self, action=None, since=0):
        return [c for c in self.moto.log()[since:] if action in (None, c[0])]

    def changes_since(self, since):
        return [c[0] for c in self.calls(since=since) if not READS.match(c[0])]

    def machines(self):
        return [i for r in self.ec2.describe_instances()["Reservations"] for i in r["Instances"]
                if i["State"]["Name"] != "terminated"]

    def groups(self):
        return [g for g in self.ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"]

    def left(self):
        return {"machines": [m["InstanceId"] for m in self.machines()],
                "addresses": [a["AllocationId"] for a in self.ec2.describe_addresses()["Addresses"]],
                "groups": [g["GroupId"] for g in self.groups()],
                "keys": [k["KeyName"] for k in self.ec2.describe_key_pairs()["KeyPairs"]],
                "volumes": [v["VolumeId"] for v in self.ec2.describe_volumes()["Volumes"]]}

    def nothing_left(self):
        return not any(self.left().values())


@pytest.fixture
def desk(tmp_path, program, moto):
    return Desk(tmp_path, program, moto)


def test_up_makes_the_recipes_lighthouse_and_nothing_else(desk):
    desk.up()
    (machine,) = desk.machines()
    (address,) = desk.ec2.describe_addresses()["Addresses"]
    (group,) = desk.groups()
    assert machine["InstanceType"] == "t3.small" and machine["State"]["Name"] == "running"
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    assert address["InstanceId"] == machine["InstanceId"]
    opened = {(p["IpProtocol"], p["FromPort"], p["ToPort"], r["CidrIp"]) for p in group["IpPermissions"] for r in p["IpRanges"]}
    assert opened == {("udp", 4242, 4242, "0.0.0.0/0"), ("tcp", 22, 22, ALLOWED)}
    (disk,) = desk.ec2.describe_volumes()["Volumes"]
    assert disk["Encrypted"] and disk["VolumeType"] == "gp3"
    for tags in (machine["Tags"], address["Tags"], group["Tags"], desk.ec2.describe_key_pairs()["KeyPairs"][0]["Tags"]):
        assert "tombolo:cluster" in {t["Key"] for t in tags}
    assert not desk.calls("CreateKeyPair") and desk.calls("ImportKeyPair")
    assert all(c[1].get("ClientToken") for c in desk.calls("RunInstances"))


def test_user_data_is_the_bootstrap_without_a_private_key(desk):
    desk.up()
    (machine,) = desk.machines()
    answer = desk.ec2.describe_instance_attribute(InstanceId=machine["InstanceId"], Attribute="userData")
    script = base64.b64decode(answer["UserData"]["Value"]).decode()
    assert script.startswith("Content-Type: multipart/mixed") and len(script) <= 16384
    assert "phase nebula-start" in script and "PRIVATE KEY" not in script


def test_embedded_keys_give_the_recipes_three_blocks(desk):
    desk.edit("  keys: machine", "  keys: embedded")
    desk.up()
    answer = desk.ec2.describe_instance_attribute(InstanceId=desk.machines()[0]["InstanceId"], Attribute="userData")
    assert base64.b64decode(answer["UserData"]["Value"]).decode().count("BEGIN NEBULA") == 3


def test_no_private_key_reaches_the_journal_or_the_output(desk):
    said = desk.up()
    said += desk.run("status") + desk.plan("-o", "json")
    for path in (desk.folder / ".tombolo").rglob("*"):
        if path.is_file() and (path.suffix in (".db", ".json") or "journal" in path.name):
            said += path.read_bytes().decode("latin-1")
    assert "PRIVATE KEY" not in said


def test_a_second_up_changes_nothing_and_says_so(desk):
    desk.up()
    before = len(desk.moto.log())
    desk.up()
    desk.plan("--detailed-exitcode")
    assert desk.changes_since(before) == []
    assert len(desk.moto.log()) > before, "it must have looked"


def test_drift_is_shown_and_repaired(desk):
    desk.up()
    group = desk.groups()[0]["GroupId"]
    desk.ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=8080, ToPort=8080, CidrIp="0.0.0.0/0")
    desk.ec2.revoke_security_group_ingress(GroupId=group, IpProtocol="udp", FromPort=4242, ToPort=4242, CidrIp="0.0.0.0/0")
    shown = desk.plan("--detailed-exitcode", expect=2)
    assert "aws.security_group/lighthouse" in shown and "8080" in shown
    desk.up()
    opened = {(p["IpProtocol"], p["FromPort"]) for p in desk.groups()[0]["IpPermissions"]}
    assert opened == {("udp", 4242), ("tcp", 22)}
    desk.plan("--detailed-exitcode")


def test_down_proves_zero(desk):
    desk.up()
    said = desk.run("down", "--yes", "-o", "json")
    receipt = json.loads(said[said.rindex("\n{\n") + 1 if "\n{\n" in said else 0:])  # after the events, one to a line
    assert receipt["billable"] == 0 and receipt["zero"]
    assert desk.nothing_left(), desk.left()


def test_down_works_without_the_state_folder(desk):
    desk.up()
    shutil.rmtree(desk.folder / ".tombolo")
    desk.down()
    assert desk.nothing_left(), desk.left()


def test_down_of_what_never_was_is_zero(desk):
    desk.down()
    assert not desk.changes_since(0)


def test_down_leaves_a_strangers_things_alone(desk):
    vpc = desk.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    desk.ec2.create_security_group(GroupName="somebody-elses", Description="x", VpcId=vpc)
    desk.ec2.allocate_address(Domain="vpc")
    desk.up()
    desk.down()
    left = desk.left()
    assert len(left["groups"]) == 1 and len(left["addresses"]) == 1 and not left["machines"]


@pytest.mark.parametrize("weather", [
    [{"action": "RunInstances", "code": "InternalError", "status": 500, "after": True}],
    [{"action": "RunInstances", "drop": True, "after": True}],
    [{"action": "AllocateAddress", "code": "InternalError", "status": 500, "after": True}],
    [{"action": "AllocateAddress", "drop": True, "after": True}],
    [{"action": "CreateSecurityGroup", "drop": True, "after": True}, {"action": "ImportKeyPair", "drop": True, "after": True}],
    [{"action": a, "code": "RequestLimitExceeded", "status": 503, "times": 2}
     for a in ("DescribeInstances", "RunInstances", "CreateSecurityGroup")],
    [{"action": a, "body": "<html><body>Service Unavailable</body></html>", "status": 500} for a in ("DescribeVpcs", "RunInstances")],
    [{"action": "RunInstances", "code": "InsufficientInstanceCapacity", "status": 500}],
], ids=["lost-machine", "cut-machine", "lost-address", "cut-address", "cut-group-and-key", "throttled", "html", "no-capacity"])
def test_bad_weather_ends_with_one_of_each(desk, weather):
    for fault in weather:
        desk.moto.fault(**fault)
    desk.up()
    assert sum(how.startswith("fault") for *_, how in desk.moto.log()) == sum(fault.get("times", 1) for fault in weather)
    assert {kind: len(found) for kind, found in desk.left().items()} == {
        "machines": 1, "addresses": 1, "groups": 1, "keys": 1, "volumes": 1}
    desk.down()
    assert desk.nothing_left(), desk.left()


def test_slow_machines_and_stale_reads_are_waited_for(desk):
    desk.moto.config(describe_notfound=2, pending_polls=2)
    desk.up()
    assert [m["State"]["Name"] for m in desk.machines()] == ["running"]


def test_a_group_that_is_still_in_use_is_waited_for(desk):
    desk.up()
    desk.moto.fault("DeleteSecurityGroup", code="DependencyViolation", message="resource has a dependent object", times=2)
    desk.down()
    assert desk.nothing_left(), desk.left()


def test_quota_zero_is_one_clear_sentence_and_leaves_a_way_back(desk):
    desk.moto.config(quotas={"L-1216C47A": 0})
    desk.run("up", "--no-wait", "--yes", expect=1)
    assert "quota" in desk.complaint or "limit" in desk.complaint
    desk.down()
    assert desk.nothing_left(), desk.left()


@pytest.mark.parametrize("changes", [1, 2, 3, 4, 5, 6])
def test_killed_after_so_many_changes_the_next_run_ends_with_one_of_each(desk, changes):
    desk.moto.config(latency_ms=50)
    running = subprocess.Popen([desk.program, "up", "--no-wait", "--yes"], cwd=desk.folder, env=desk.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and len(desk.changes_since(0)) < changes:
        pass
    running.kill()
    running.wait()
    desk.up()
    assert {kind: len(found) for kind, found in desk.left().items()} == {
        "machines": 1, "addresses": 1, "groups": 1, "keys": 1, "volumes": 1}
