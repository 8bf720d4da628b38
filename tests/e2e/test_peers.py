"""The real counterparts, proven without our program: home's Kubernetes, the k3s stand-in on a machine, Nebula's and Liqo's
images, and Liqo's own tools making a virtual node of them."""
import json
import re
import subprocess
import time

import pytest
import world as worlds
from botocore.exceptions import ClientError

OPEN = [{"CidrIp": "0.0.0.0/0"}]
K3S_PATH = f"k3s-io/k3s/releases/download/{worlds.artefacts.K3S}/k3s"
HELM_ARCHIVE = f"helm-v{worlds.artefacts.HELM}-linux-amd64.tar.gz"

# As a bootstrap does it: from the makers' own addresses, checked; then a unit that is ready when k3s says so.
USER_DATA = """#!/bin/bash
set -euo pipefail
get() {{ curl -fsS --retry 5 --retry-all-errors -o "$1" "$2"; }}
get /usr/local/bin/k3s https://github.com/{k3s}
get /tmp/helm.tgz https://get.helm.sh/{helm}
echo "{sha256[k3s]}  /usr/local/bin/k3s" | sha256sum -c
echo "{sha256[helm]}  /tmp/helm.tgz" | sha256sum -c
tar -xzf /tmp/helm.tgz -C /usr/local/bin --strip-components=1
chmod 755 /usr/local/bin/k3s
mkdir -p /etc/rancher/k3s
cat >/etc/rancher/k3s/config.yaml <<YAML
tls-san: [{address}]
cluster-cidr: 10.52.0.0/16
service-cidr: 10.53.0.0/16
disable: [traefik, servicelb, coredns, metrics-server, local-storage]
YAML
systemd-run -q --unit=k3s --property=Type=notify --property=Delegate=yes --property=KillMode=process \
  --property=TimeoutStartSec=90 /usr/local/bin/k3s server
KUBECONFIG=/etc/rancher/k3s/k3s.yaml helm upgrade --install liqo liqo --repo https://helm.liqo.io --version {liqo} \
  --namespace liqo-system --create-namespace -f - <<JSON
{values}
JSON
"""

NEBULA_POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nebula"}, "spec": {
    "hostNetwork": True, "restartPolicy": "Never", "containers": [{
        "name": "nebula", "image": f"docker.io/nebulaoss/nebula:{worlds.NEW}", "args": ["-version"]}]}}


def until(what, seconds):
    end = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.2)
    return value


def liqo_values(cluster, api, pods, services):
    off = {"enabled": False}
    return json.dumps({
        "tag": worlds.artefacts.LIQO, "apiServer": {"address": api},
        "discovery": {"config": {"clusterID": cluster, "clusterLabels": {"liqo.io/provider": "test"}}},
        "networking": {"enabled": False, "reflectIPs": False}, "ipam": {"podCIDRs": [pods], "serviceCIDR": services},
        "telemetry": off, "metricAgent": off, "proxy": off, "storage": off,
        "virtualKubelet": {"extra": {"args": ["--enable-apiserver-support=false"]}}})


@pytest.fixture(scope="module")
def home(world):
    return world.cluster_at_home


@pytest.fixture(scope="module")
def cloud(world, tmp_path_factory):
    """A machine whose user-data installs k3s and Liqo. (instance id, kubeconfig that answers from anywhere)"""
    ec2 = world.ec2
    address = ec2.allocate_address(Domain="vpc")
    group = ec2.create_security_group(GroupName="peers", Description="peers")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 6443, "ToPort": 6443, "IpRanges": OPEN}])
    public = address["PublicIp"]
    api = f"https://{public}:6443"
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    machine = ec2.run_instances(
        ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, SecurityGroupIds=[group],
        UserData=USER_DATA.format(k3s=K3S_PATH, helm=HELM_ARCHIVE, sha256=world.sha256, address=public,
                                  liqo=worlds.artefacts.LIQO,
                                  values=liqo_values("cloud", api, "10.52.0.0/16", "10.53.0.0/16"))
    )["Instances"][0]["InstanceId"]
    try:
        assert until(lambda: associated(ec2, machine, address["AllocationId"]), 30)
        until(lambda: world.machine(machine, "true", check=False).returncode == 0, 30)
        done = world.machine(machine, "cloud-init", "status", "--wait", "--long", check=False)
        assert "status: done" in done.stdout, world.console(machine)[-3000:]
        text = world.machine(machine, "cat", "/etc/rancher/k3s/k3s.yaml").stdout
        file = tmp_path_factory.mktemp("cloud") / "kubeconfig"
        file.write_text(re.sub("server: .*", f"server: {api}", text))
        yield machine, file
    finally:
        ec2.terminate_instances(InstanceIds=[machine])
        ec2.release_address(AllocationId=address["AllocationId"])
        ec2.get_waiter("instance_terminated").wait(InstanceIds=[machine], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        ec2.delete_security_group(GroupId=group)


def associated(ec2, machine, allocation):
    """An address cannot be given to a machine that is still pending."""
    try:
        return ec2.associate_address(InstanceId=machine, AllocationId=allocation)["AssociationId"]
    except ClientError:
        return None


def test_home_is_ready_and_reached_from_the_desk(world, home):
    nodes = json.loads(world.desk("kubectl", "--kubeconfig", home.kubeconfig, "get", "nodes", "-o", "json").stdout)["items"]
    assert [n["status"]["addresses"][0]["address"] for n in nodes] == [worlds.NODE]
    assert {c["type"]: c["status"] for c in nodes[0]["status"]["conditions"]}["Ready"] == "True"


def test_nebulas_image_runs_at_home(home):
    home.kubectl("apply", "-f", "-", text=json.dumps(NEBULA_POD))
    home.kubectl("wait", "pod/nebula", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s")
    assert f"Version: {worlds.NEW}" in home.kubectl("logs", "nebula")


def test_a_frozen_api_server_says_nothing_and_a_killed_one_comes_back(world, home):
    ask = ["curl", "-sk", "-m", "1", f"{home.url}/readyz"]
    with home.frozen("kube-apiserver"):
        assert world.desk(*ask, check=False).returncode == 28
    home.signal("kube-apiserver", "KILL")
    assert until(lambda: world.desk(*ask, check=False).stdout == "ok", 30)


def test_k3s_stands_on_a_machine(world, cloud):
    machine, _ = cloud
    assert until(lambda: " Ready " in world.machine(machine, "k3s", "kubectl", "get", "nodes").stdout, 30)


def test_liqos_own_tools_make_a_virtual_node(world, home, cloud, tmp_path):
    _, there = cloud
    values = tmp_path / "values.json"
    values.write_text(liqo_values("home", home.url, worlds.home.PODS, worlds.home.SERVICES))
    world.desk("helm", "--kubeconfig", home.kubeconfig, "upgrade", "--install", "liqo",
               f"{worlds.MIRROR}/charts/liqo-{worlds.artefacts.LIQO}.tgz", "-n", "liqo", "--create-namespace", "-f", values)
    for kubeconfig, namespace in (home.kubeconfig, "liqo"), (there, "liqo-system"):
        world.desk("kubectl", "--kubeconfig", kubeconfig, "wait", "deployment", "--all", "-n", namespace,
                   "--for=condition=Available", "--timeout=90s")
    both = ["--kubeconfig", home.kubeconfig, "--remote-kubeconfig", there, "-n", "liqo", "--remote-namespace", "liqo-system"]
    try:
        world.desk("liqoctl", "peer", *both, "--networking-disabled", "--timeout", "60s")
    except subprocess.CalledProcessError as e:
        pytest.fail(e.stdout + e.stderr)
    for what in "create", "condition=Ready":
        home.kubectl("wait", "node/cloud", f"--for={what}", "--timeout=60s")


def test_reset_leaves_nothing_of_it(home):
    home.reset()
    assert "liqo" not in home.kubectl("get", "crds,namespaces,nodes,mutatingwebhookconfigurations", "-o", "name")
    home.kubectl("apply", "-f", "-", text=json.dumps(NEBULA_POD))
    home.kubectl("wait", "pod/nebula", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s")
