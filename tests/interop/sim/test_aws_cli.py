"""The aws CLI runs the recipe's phase 2, call by call, with real signatures and its own waiters."""
import json
import pathlib
import subprocess
import sys

CLI = pathlib.Path(sys.executable).parent / "aws"


def aws(sim, *words, fails=None, **environment):
    run = subprocess.run([CLI, *words, "--output", "json"], env=sim.environment(**environment), capture_output=True, text=True, timeout=300)
    if fails:
        assert run.returncode != 0 and fails in run.stderr, run.stderr
        return None
    assert run.returncode == 0, f"aws {' '.join(words)}: {run.stderr}"
    return json.loads(run.stdout) if run.stdout.strip() else None


def test_recipe_phase_2(sim, tmp_path):
    vpc = aws(sim, "ec2", "describe-vpcs", "--filters", "Name=isDefault,Values=true")["Vpcs"][0]["VpcId"]
    group = aws(sim, "ec2", "create-security-group", "--group-name", "nebula-lighthouse", "--description", "Nebula", "--vpc-id", vpc)["GroupId"]
    for protocol, port in ("udp", "4242"), ("tcp", "22"):
        aws(sim, "ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", protocol, "--port", port, "--cidr", "0.0.0.0/0")
    aws(sim, "ec2", "create-key-pair", "--key-name", "nebula", "--key-type", "rsa", "--key-format", "pem")
    image = aws(sim, "ec2", "describe-images", "--owners", "amazon", "--filters", "Name=name,Values=al2023-ami-2023*-x86_64",
                "Name=state,Values=available", "--query", "sort_by(Images,&CreationDate)[-1].ImageId")
    script = tmp_path / "user-data.sh"
    script.write_text("#!/bin/bash\necho hello\n")
    instance = aws(sim, "ec2", "run-instances", "--image-id", image, "--instance-type", "t3.small", "--key-name", "nebula", "--security-group-ids", group,
                   "--user-data", f"file://{script}", "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=lighthouse}]")
    instance = instance["Instances"][0]["InstanceId"]
    aws(sim, "ec2", "wait", "instance-running", "--instance-ids", instance)
    address = aws(sim, "ec2", "allocate-address", "--domain", "vpc")
    association = aws(sim, "ec2", "associate-address", "--instance-id", instance, "--allocation-id", address["AllocationId"])["AssociationId"]
    seen = aws(sim, "ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"][0]
    assert seen["PublicIpAddress"] == address["PublicIp"]

    aws(sim, "ec2", "terminate-instances", "--instance-ids", instance)
    aws(sim, "ec2", "wait", "instance-terminated", "--instance-ids", instance)
    aws(sim, "ec2", "disassociate-address", "--association-id", association, fails="InvalidAssociationID.NotFound")
    aws(sim, "ec2", "release-address", "--allocation-id", address["AllocationId"])
    aws(sim, "ec2", "delete-key-pair", "--key-name", "nebula")
    aws(sim, "ec2", "delete-security-group", "--group-id", group)
    assert sim.billable() == []
    assert aws(sim, "sts", "get-caller-identity")["Account"] == "123456789012"


def test_wrong_secret(sim):
    aws(sim, "ec2", "describe-vpcs", fails="AuthFailure", AWS_SECRET_ACCESS_KEY="wrong")
