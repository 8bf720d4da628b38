#!/usr/bin/env python3
"""Measures Tombolo beside the programs people use for the same work, in one run on one machine.

    build/venv/bin/python bench/compare.py [--runs N] [--write]

  no change      `tombolo up` and `tombolo plan` against moto, where everything stands; beside them `terraform plan` of the
                 same four resources (where the machine has terraform and its AWS provider), and the aws CLI's reads
  certificates   `tombolo cert sign` beside `nebula-cert sign`, a process for each certificate
  start          `tombolo version`, and the program's size

--write puts the table into docs/performance.md between its two marks. Every figure is the median of the runs, wall time
and the processor time (user + system) of the process and its children. Needs build/release and scripts/venv.
"""
import argparse
import contextlib
import glob
import os
import pathlib
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tests/interop"))
from conftest import Moto, PROGRAM  # noqa: E402

MARKS = ("<!-- measured by bench/compare.py -->", "<!-- end -->")


class Figure:
    """Wall and processor seconds of one thing, measured `runs` times."""

    def __init__(self, name, runs, command, folder, environment, expect=(0,)):
        self.name, walls, cpus, self.memory = name, [], [], 0
        for _ in range(runs):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            walls.append(time.perf_counter() - start)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if done.returncode not in expect:
                raise SystemExit(f"{' '.join(map(str, command))} -> {done.returncode}\n{done.stdout}\n{done.stderr}")
        self.runs, self.wall, self.cpu = runs, statistics.median(walls), statistics.median(cpus)
        print(f"  {name}: {self.wall * 1000:.1f} ms wall, {self.cpu * 1000:.1f} ms processor ({runs} runs)", flush=True)

    def row(self, beside=None):
        ratio = f"{times(beside.wall / self.wall)} | {times(beside.cpu / self.cpu)}" if beside else " | "
        return f"| {self.name} | {self.wall * 1000:.1f} | {self.cpu * 1000:.1f} | {ratio} |"


def times(ratio):
    return f"{ratio:.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


def cluster_folder(folder):
    text = (SOURCE / "examples/recipe.yaml").read_text()
    for field, value in (("sshAllowedFrom", "198.51.100.7/32"), ("backup", "none")):
        text = re.sub(rf"(?m)^(\s*){field}:.*$", rf"\1{field}: {value}", text)
    (folder / "tombolo.yaml").write_text(re.sub(r"(?m)^  target: nebula-ca-key$", "", text))
    return folder


def measure_tombolo(folder, environment, runs):
    subprocess.run([PROGRAM, "up", "--no-wait", "--yes"], cwd=folder, env=environment, check=True, capture_output=True)
    return [Figure("`tombolo up`, nothing to change", runs, [PROGRAM, "up", "--no-wait", "--yes"], folder, environment),
            Figure("`tombolo plan`", runs, [PROGRAM, "plan"], folder, environment),
            Figure("`tombolo plan --offline`", runs, [PROGRAM, "plan", "--offline"], folder, environment)]


TERRAFORM = """
provider "aws" {
  region                      = "us-west-2"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints { ec2 = "ENDPOINT" }
}
data "aws_vpc" "default" { default = true }
data "aws_ami" "al2023" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["al2023-ami-2023*-kernel-6.1-x86_64"]
  }
}
resource "aws_security_group" "lighthouse" {
  name   = "terraform-lighthouse"
  vpc_id = data.aws_vpc.default.id
  ingress {
    protocol    = "udp"
    from_port   = 4242
    to_port     = 4242
    cidr_blocks = ["0.0.0.0/0"]
  }
  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["198.51.100.7/32"]
  }
}
resource "aws_key_pair" "key" {
  key_name   = "terraform-key"
  public_key = "PUBLIC"
}
resource "aws_instance" "lighthouse" {
  ami                    = data.aws_ami.al2023.id
  instance_type          = "t3.small"
  key_name               = aws_key_pair.key.key_name
  vpc_security_group_ids = [aws_security_group.lighthouse.id]
  user_data              = "#!/bin/bash\\n"
}
resource "aws_eip" "lighthouse" {
  instance = aws_instance.lighthouse.id
  domain   = "vpc"
}
"""


def terraform_mirror():
    places = [os.environ.get("TERRAFORM_PLUGIN_MIRROR", ""), "~/.terraform.d/plugins", "/usr/share/terraform/plugins",
              "/usr/local/share/terraform/plugins", *glob.glob("/opt/*")]
    return next((p for p in map(os.path.expanduser, places) if p and os.path.isdir(f"{p}/registry.terraform.io/hashicorp/aws")), None)


def measure_terraform(folder, moto, environment, runs):
    mirror = terraform_mirror()
    if not shutil.which("terraform") or not mirror:
        print("  terraform and its AWS provider: not on this machine")
        return None
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    (folder / "main.tf").write_text(TERRAFORM.replace("ENDPOINT", moto.url).replace("PUBLIC", (folder / "key.pub").read_text().strip()))
    (folder / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\ndisable_checkpoint = true\n')
    environment = {**environment, "TF_CLI_CONFIG_FILE": str(folder / "rc"), "TF_IN_AUTOMATION": "1"}
    for command in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        subprocess.run(["terraform", *command], cwd=folder, env=environment, check=True, capture_output=True)
    plan = ["terraform", "plan", "-input=false", "-detailed-exitcode"]
    return Figure("`terraform plan` of the same four resources", max(3, runs // 7), plan, folder, environment)


def measure_aws_cli(folder, environment, runs):
    """What the recipe would have to ask to know that nothing has changed."""
    calls = ["describe-vpcs --filters Name=isDefault,Values=true", "describe-images --owners amazon",
             "describe-security-groups", "describe-key-pairs", "describe-instances", "describe-addresses"]
    aws = pathlib.Path(sys.executable).parent / "aws"
    script = " && ".join(f"{aws} ec2 {call} --region us-west-2 --output json >/dev/null" for call in calls)
    return Figure("the same reads with the aws CLI (6 calls)", max(3, runs // 7), ["bash", "-c", script], folder, environment)


def measure_certificates(folder, environment, runs):
    if not shutil.which("nebula-cert"):
        print("  nebula-cert: not on this machine")
        return None
    subprocess.run(["nebula-cert", "ca", "-name", "bench"], cwd=folder, check=True, capture_output=True)
    signing = ["-ca-crt", "ca.crt", "-ca-key", "ca.key", "-name", "host", "-ip", "10.42.1.1/16", "-out-crt", "h.crt", "-out-key", "h.key"]

    def loop(command):  # 20 certificates, as many processes
        return ["bash", "-c", f"for i in {{1..20}}; do rm -f h.crt h.key; {command} || exit 1; done"]
    theirs = loop("nebula-cert sign " + " ".join(signing))
    ours = loop(f"{PROGRAM} cert sign " + " ".join("-" + a if re.match(r"-[a-z]", a) else a for a in signing) + " >/dev/null")
    return (Figure("`tombolo cert sign`, 20 processes", max(3, runs // 3), ours, folder, environment),
            Figure("`nebula-cert sign`, 20 processes", max(3, runs // 3), theirs, folder, environment))


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores of {model.group(1) if model else platform.machine()}, load {load:.1f} before the run, {time.strftime('%Y-%m-%d')}"


def table(runs):
    rows, environment, where = [], {**os.environ, "NO_COLOR": "1"}, machine()
    with contextlib.ExitStack() as stack:
        def folder():
            return pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        moto = Moto()
        stack.callback(moto.stop)
        environment.update(moto.environment())
        ours = measure_tombolo(cluster_folder(folder()), environment, runs)
        terraform = measure_terraform(folder(), moto, environment, runs)
        cli = measure_aws_cli(folder(), environment, runs)
        peer = terraform or cli
        rows += [ours[0].row(peer), ours[1].row(peer), ours[2].row()]
        rows += [figure.row() for figure in (terraform, cli) if figure]
        certificates = measure_certificates(folder(), environment, runs)
        if certificates:
            rows += [certificates[0].row(certificates[1]), certificates[1].row()]
        start = Figure("`tombolo version`", runs * 3, [PROGRAM, "version"], folder(), environment)
        rows.append(start.row())
    size = os.path.getsize(PROGRAM)
    head = [f"Measured on {where}; {runs} runs, medians. Ratios are to `{'terraform plan' if terraform else 'aws'}` and to",
            "`nebula-cert sign`.", "", "| what | wall, ms | processor, ms | faster by (wall) | faster by (processor) |", "|---|---|---|---|---|"]
    return "\n".join(head + rows + ["", f"The program has {size / 1e6:.1f} MB."])


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--runs", type=int, default=21)
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    text = table(given.runs)
    print("\n" + text)
    if given.write:
        page = SOURCE / "docs/performance.md"
        before, _, rest = page.read_text().partition(MARKS[0])
        page.write_text(before + MARKS[0] + "\n" + text + "\n" + MARKS[1] + rest.partition(MARKS[1])[2])


if __name__ == "__main__":
    main()
