"""terraform's AWS provider, where the machine has it, applies, plans no change, and destroys against `tombolo sim serve`.

The provider comes from a filesystem mirror: TOMBOLO_TERRAFORM_MIRROR, or one in a usual place. Nothing is downloaded.
"""
import glob
import os
import pathlib
import shutil
import subprocess

import pytest

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region     = "us-east-1"
  access_key = "%(access_key_id)s"
  secret_key = "%(secret_access_key)s"
  skip_metadata_api_check = true
  endpoints {
    ec2 = "%(endpoint)s"
    sts = "%(endpoint)s"
  }
}
data "aws_vpc" "default" {
  default = true
}
data "aws_ami" "al2023" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["al2023-ami-2023*-kernel-6.1-x86_64"]
  }
}
resource "aws_security_group" "mesh" {
  name        = "nebula-lighthouse"
  description = "Nebula lighthouse"
  vpc_id      = data.aws_vpc.default.id
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
    cidr_blocks = ["192.0.2.10/32"]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = "nebula" }
}
resource "aws_key_pair" "nebula" {
  key_name   = "nebula"
  public_key = "%(public_key)s"
}
resource "aws_instance" "lighthouse" {
  ami                    = data.aws_ami.al2023.id
  instance_type          = "t3.small"
  key_name               = aws_key_pair.nebula.key_name
  vpc_security_group_ids = [aws_security_group.mesh.id]
  user_data              = "#!/bin/bash\\necho hello\\n"
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }
  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
  }
  tags = { Name = "lighthouse" }
}
resource "aws_eip" "lighthouse" {
  domain   = "vpc"
  instance = aws_instance.lighthouse.id
  tags     = { Name = "lighthouse" }
}
output "address" {
  value = aws_eip.lighthouse.public_ip
}
"""


def mirror():
    places = [os.environ.get("TOMBOLO_TERRAFORM_MIRROR", ""), os.path.expanduser("~/.terraform.d/plugins"),
              "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", *sorted(glob.glob("/opt/*"))]
    for place in filter(None, places):
        if glob.glob(f"{place}/registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"):
            return place
    return None


@pytest.fixture
def workspace(sim, tmp_path):
    if not shutil.which("terraform") or not mirror():
        pytest.skip("terraform and its AWS provider are used where the machine has it; this one has not")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "terraform", "-f", key], check=True)
    facts = {**sim.facts, "public_key": pathlib.Path(f"{key}.pub").read_text().strip()}
    (tmp_path / "main.tf").write_text(CONFIGURATION % facts)
    (tmp_path / "terraform.rc").write_text(
        f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = "{mirror()}"\n  }}\n}}\n')
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc"), "TF_IN_AUTOMATION": "1",
                   "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    def terraform(*words, status=0):
        run = subprocess.run(["terraform", *words, "-no-color"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400)
        assert run.returncode == status, f"terraform {' '.join(words)} gave {run.returncode}:\n{run.stdout}\n{run.stderr}"
        return run.stdout
    terraform("init", "-input=false")
    return terraform


def test_apply_plan_destroy(workspace, sim):
    workspace("apply", "-auto-approve", "-input=false")
    assert sorted(each["kind"] for each in sim.billable()) == ["address", "instance", "volume"]
    workspace("plan", "-detailed-exitcode", "-input=false")  # 0: no changes
    workspace("destroy", "-auto-approve", "-input=false")
    assert sim.billable() == []
    unknown = [each for each in sim.log() if each["code"] in ("InvalidAction", "UnknownParameter", "InvalidParameterValue")]
    assert not unknown
