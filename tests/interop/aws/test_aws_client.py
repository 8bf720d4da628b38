"""Our AWS client alone, through all its calls, against moto (nobody here wrote it) and the simulated AWS over HTTP.

aws_probe is built beside the program; it prints what it saw as one JSON line.
"""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim"))
from simulated import Simulated  # noqa: E402

BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32))).decode()
KEY = f"ssh-ed25519 {BLOB} probe"
DIGEST = hashlib.sha256(base64.b64decode(BLOB)).digest()


def walk(program, environment):
    probe = pathlib.Path(program).with_name("aws_probe")
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, **environment}
    return subprocess.run([probe, "us-east-1", KEY], env=environment, capture_output=True, text=True, timeout=120)


def seen(program, environment):
    ran = walk(program, environment)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def expect_all_of_it(facts):
    assert facts["account"] == "123456789012"
    assert "al2023" in facts["image"] and facts["searched"] > 0
    assert facts["zones"] == 5, "t3.small is not in us-east-1e"
    assert facts["vcpus"] == 2
    for promise in ("rules_as_written", "tags_as_written", "may_run", "same_machine", "groups_as_written", "user_data_as_written", "console"):
        assert facts[promise] is True, promise
    assert facts["rule_twice"] == facts["group_twice"] == "duplicate"
    assert facts["other_parameters"] == "conflict"
    assert facts["token_spent"] == "token spent"
    assert facts["group_in_use"] == "dependency"
    assert facts["group_gone"] == "not found"
    assert facts["http_tokens"] == "required"
    assert facts["volume"] == "gp3 20 true"
    assert facts["parameter"] == "a secret"
    assert facts["left"] == 0


def test_every_call_against_moto(program, moto):
    moto.config(pending_polls=2, describe_notfound=1)
    facts = seen(program, moto.environment())
    expect_all_of_it(facts)
    assert len(facts["fingerprint"]) == 44, "EC2 writes the base64 of a SHA-256"
    assert facts["retries"] == 0


def test_bad_weather_on_moto(program, moto):
    moto.fault("DescribeVpcs", code="RequestLimitExceeded", status=503, times=2)
    moto.fault("RunInstances", drop=True, after=True)
    moto.fault("TerminateInstances", code="InternalError", status=500, after=True)
    facts = seen(program, moto.environment())
    expect_all_of_it(facts)
    assert facts["retries"] >= 3
    ec2 = moto.ec2("us-east-1")
    machines = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    assert len(machines) == 1, "a lost answer made a second machine"


def test_a_lost_answer_to_allocate_address_is_not_repeated(program, moto):
    moto.fault("AllocateAddress", drop=True, after=True)
    ran = walk(program, moto.environment())
    assert ran.returncode == 1
    assert len(moto.ec2("us-east-1").describe_addresses()["Addresses"]) == 1


@pytest.fixture(scope="module")
def server(program):
    running = Simulated(program, "--time-scale", "40")
    yield running
    running.stop()


def test_every_call_against_the_simulated_aws(program, server):
    server.control("reset")
    facts = seen(program, server.environment())
    expect_all_of_it(facts)
    assert facts["fingerprint"] == base64.b64encode(DIGEST).decode()
    assert facts["connections"] == 1, "the connection is kept from call to call"
    assert server.billable() == []


def test_a_wrong_secret_is_said_plainly(program, server):
    ran = walk(program, server.environment(AWS_SECRET_ACCESS_KEY="wrong"))
    assert ran.returncode == 1
    assert "SignatureDoesNotMatch" in ran.stderr and "wrong" not in ran.stderr
