"""Bad input and bad weather at home, made for real: what is wrong is named with the next step, nothing is half-applied that `down`
would not find, and what was only a spell of bad weather `up` outlives.

The cluster of this file is made by a user who has the rights that `up` has asked for and no others, on a home of two nodes.
"""
import contextlib
import json
import pathlib
import re
import shlex

import kubernetes
import pytest
from cluster import Cluster
from weather import until

NEBULA = ("-n", "nebula-system")
HOME_2 = "    - {name: talos-second, role: home, address: 10.42.1.2, groups: [kubernetes, homelab], node: home-2}\n"


@pytest.fixture(scope="module")
def two_nodes(world, at_home):
    with world.second_node() as node:
        yield node


@pytest.fixture(scope="module")
def jane(at_home):
    """The kubeconfig of a user who may do nothing as yet."""
    return at_home.user("jane")


def write(cluster, kubeconfig, **more):
    """The cluster file of this module."""
    values = dict(distribution="k3s", kubeconfig=kubeconfig, node=", node: home-1", members=HOME_2)
    values.update(more)
    cluster.write(**values)


@pytest.fixture(scope="module")
def blank(world, two_nodes, jane, tmp_path_factory):
    """A cluster of which nothing is made yet."""
    it = Cluster(world, tmp_path_factory.mktemp("weather"), name="weather")
    write(it, jane)
    return it


def grant(at_home, said):
    """What a cluster administrator does with what `up` has printed."""
    bind, role = re.search(r"(kubectl create clusterrolebinding .*)\n((?:  .*\n)+)", said).groups()
    at_home.kubectl("apply", "-f", "-", text=role)
    at_home.kubectl(*shlex.split(bind)[1:])


@pytest.fixture(scope="module")
def refusal(world, blank, at_home, jane):
    """What `up` has said to somebody without rights; he has them from then on."""
    write(blank, jane)
    said = refused(world, blank, 1)
    grant(at_home, said)
    return said


@pytest.fixture(scope="module")
def cluster(blank, refusal, at_home, jane):
    write(blank, jane)
    blank.up("--skip-peering")
    yield blank
    blank.run("down", "--yes", code=None)
    at_home.kubectl("delete", "namespace", "nebula-system", "--ignore-not-found")


def refused(world, cluster, code):
    """What `up` says, which must have made nothing in AWS."""
    calls = len(world.calls())
    said = cluster.up("--skip-peering", code=code)
    assert [c for c in world.calls()[calls:] if not c[0].startswith(("Describe", "Get"))] == [], "something was made"
    assert "Nothing was changed" in said
    return said


def config_of(at_home, folder, **contexts):
    """A kubeconfig of several contexts: name=(cluster, user)."""
    admin = json.loads(pathlib.Path(at_home.kubeconfig).read_text())
    good, me = admin["clusters"][0]["cluster"], admin["users"][0]["user"]
    file = folder / "several.config"
    file.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": next(iter(contexts)),
        "clusters": [{"name": name, "cluster": {**good, **c}} for name, (c, _) in contexts.items()],
        "users": [{"name": name, "user": me if u is None else u} for name, (_, u) in contexts.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in contexts]}))
    return file


# Before anything is made.

def test_contexts_that_lead_nowhere(world, blank, at_home, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    kubernetes.Authority(other, "another-ca")
    several = config_of(at_home, tmp_path, home=({}, None),
                        closed=({"server": "https://192.168.1.54:6444"}, None),
                        impostor=({"certificate-authority-data": kubernetes.data(other / "ca.crt")}, None),
                        unknown=({}, {"token": "nobody-gave-me"}))
    write(blank, several, context="\n  context: office")
    said = refused(world, blank, 3)
    assert 'no context "office"' in said and "home, closed, impostor, unknown" in said

    write(blank, several, context="\n  context: closed")
    said = refused(world, blank, 1)
    assert "192.168.1.54:6444" in said and "context closed" in said and "--lighthouse-only" in said

    write(blank, several, context="\n  context: impostor")
    said = refused(world, blank, 1)
    assert "certificate" in said and "context impostor" in said, said

    write(blank, several, context="\n  context: unknown")
    said = refused(world, blank, 1)
    assert "Unauthorized" in said and "fetch a new kubeconfig" in said, said

    write(blank, tmp_path / "nothing-here")
    assert "nothing-here" in refused(world, blank, 1)


def test_a_client_certificate_that_has_expired(world, blank, at_home):
    write(blank, at_home.user("late", ["system:masters"], days=-1))
    said = refused(world, blank, 1)
    assert "expired on" in said and "talosctl kubeconfig" in said


def test_every_missing_right_at_once(refusal):
    """That the printed ClusterRole is enough shows the rest of this file."""
    assert "the user jane may not do" in refusal
    assert "get, list, create, patch, delete secrets, configmaps, daemonsets.apps in nebula-system" in refusal
    assert "nodes" in refusal and "escalate, bind clusterroles.rbac.authorization.k8s.io" in refusal


def test_a_node_that_is_not_there(world, blank, refusal, jane):
    write(blank, jane, node=", node: home-9")
    said = refused(world, blank, 3)
    assert "talos-homelab is said to be the node home-9, but home's nodes are home-1, home-2" in said


def test_several_nodes_and_no_word_which_one_is_meant(world, blank, refusal, jane):
    write(blank, jane, node="", members="")
    said = refused(world, blank, 3)
    assert "home has 2 nodes (home-1, home-2), and the cluster file does not say which one is talos-homelab" in said


def test_a_pod_network_that_the_mesh_lies_over(world, blank, refusal, jane, at_home):
    at_home.kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "home-3"},
                                                         "spec": {"podCIDR": "10.42.7.0/24", "podCIDRs": ["10.42.7.0/24"]}}))
    try:
        write(blank, jane)
        said = refused(world, blank, 3)
        assert "node home-3 of home has the pod network 10.42.7.0/24, which overlaps with mesh.cidr 10.42.0.0/16" in said
    finally:
        at_home.kubectl("delete", "node", "home-3")


# With everything made.

def nebula_pods(at_home):
    return json.loads(at_home.kubectl("get", "pods", *NEBULA, "-o", "json"))["items"]


def test_each_node_is_a_member_of_its_own(world, cluster, at_home, two_nodes):
    assert {p["spec"]["nodeName"] for p in nebula_pods(at_home)} == {"home-1", "home-2"}
    for node, name, address in (at_home, "talos-homelab", "10.42.1.1"), (two_nodes, "talos-second", "10.42.1.2"):
        assert f"inet {address}/16" in node.inside("ip", "-4", "addr", "show", "dev", "nebula1").stdout
        seen = node.inside("sh", "-c", "cd /proc/$(pidof nebula)/cwd/etc/nebula/host && ls && cat host.crt").stdout
        files, certificate = seen.split("-----BEGIN", 1)
        assert files.split() == ["host.crt", "host.key"], "a node sees its own and nothing else"
        (cluster.folder / "host.crt").write_text("-----BEGIN" + certificate)
        printed = cluster.run("cert", "print", cluster.folder / "host.crt")
        assert name in printed and address in printed
        assert " 0% packet loss" in world.machine(cluster.instance, "ping", "-c", "1", "-W", "3", address).stdout
        assert cluster.resource(f"home.member/{name}")["state"] == "ready"
    assert at_home.inside("ping", "-c", "1", "-W", "10", "10.42.1.2", check=False).returncode == 0, "from node to node"


def versions(at_home):
    out = {}
    for o in json.loads(at_home.kubectl("get", "all,cm,secrets,crds,clusterroles,ns", "-A", "-o", "json"))["items"]:
        out[o["metadata"]["uid"]] = o["metadata"].get("generation") or o["metadata"]["resourceVersion"]
    return out


def edit_image(at_home):
    at_home.kubectl("set", "image", "ds/nebula", "nebula=busybox:1.36", *NEBULA)


def image(at_home):
    return at_home.kubectl("get", "ds", "nebula", *NEBULA, "-o", "jsonpath={.spec.template.spec.containers[0].image}")


def test_what_is_changed_by_hand_is_noticed_named_and_put_back(cluster, at_home):
    edit_image(at_home)
    at_home.kubectl("patch", "cm", "nebula", *NEBULA, "--type=merge", "-p", '{"data": {"config.yml": "pki: {}"}}')
    at_home.kubectl("set", "image", "deployment/liqo-crd-replicator", "*=busybox:1.36", "-n", "liqo")
    at_home.kubectl("delete", "crd", "virtualnodes.offloading.liqo.io")
    said = cluster.run("plan")
    for field in ('DaemonSet nebula .spec.template.spec.containers[name="nebula"].image', "ConfigMap nebula .data.config.yml",
                  "changed by kubectl-set", "changed by kubectl-patch", "Deployment liqo/liqo-crd-replicator",
                  "CustomResourceDefinition virtualnodes.offloading.liqo.io"):
        assert field in said, said
    cluster.up("--skip-peering")
    assert image(at_home).startswith("docker.io/nebulaoss/nebula:")
    before = versions(at_home)
    assert "Nothing to do" in cluster.up("--skip-peering")
    assert versions(at_home) == before


def test_nebula_moves_to_another_namespace(world, cluster, at_home, jane):
    write(cluster, jane, manage="apply\n  nebulaNamespace: mesh")
    assert "namespace: nebula-system -> mesh   (cannot be changed in place)" in cluster.run("plan")
    cluster.up("--skip-peering")
    assert at_home.kubectl("get", "namespace", "nebula-system", "--ignore-not-found") == ""
    assert at_home.kubectl("get", "pods", "-n", "mesh", "-o", "name").count("pod/nebula") == 2
    write(cluster, jane)
    cluster.up("--skip-peering")
    assert at_home.kubectl("get", "namespace", "mesh", "--ignore-not-found") == ""
    assert len(nebula_pods(at_home)) == 2


# A webhook whose service nobody serves.
SILENT = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "silent"},
          "webhooks": [{"name": "silent.example.org", "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 2,
                        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "nebula-system"}},
                        "clientConfig": {"service": {"namespace": "default", "name": "nobody", "path": "/"}},
                        "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                                   "resources": ["daemonsets"]}]}]}


@contextlib.contextmanager
def silent_webhook(at_home):
    at_home.kubectl("create", "service", "clusterip", "nobody", "--tcp=443")
    at_home.kubectl("apply", "-f", "-", text=json.dumps(SILENT))
    try:
        yield
    finally:
        at_home.kubectl("delete", "validatingwebhookconfiguration", "silent", "--ignore-not-found")
        at_home.kubectl("delete", "service", "nobody")


def test_a_webhook_that_is_down_is_named_and_waited_for(cluster, at_home):
    edit_image(at_home)
    with silent_webhook(at_home):
        waiting = cluster.start("up", "--yes", "--skip-peering")
        waiting.says("the admission webhook silent.example.org did not answer")
    assert waiting.end(120) == 0, waiting.text
    assert image(at_home).startswith("docker.io/nebulaoss/nebula:")


@pytest.mark.long
def test_a_webhook_that_stays_down_ends_up_with_what_to_do(cluster, at_home):
    edit_image(at_home)
    with silent_webhook(at_home):
        said = cluster.up("--skip-peering", code=1)
        assert "silent.example.org did not answer" in said and "Start what serves silent.example.org again" in said
    cluster.up("--skip-peering")


def test_an_api_server_that_is_started_again_in_the_middle(cluster, at_home):
    edit_image(at_home)
    going = cluster.start("up", "--yes", "--skip-peering")
    going.says("home.nebula/home, apply")
    at_home.signal("kube-apiserver", "KILL")
    assert going.end(180) == 0, going.text
    assert "home.nebula/home, home: " in going.text, "that home was away is told"
    assert image(at_home).startswith("docker.io/nebulaoss/nebula:")


@contextlib.contextmanager
def no_device(at_home, node):
    """As on a node whose kernel has no tun module; Nebula's pod is made anew there."""
    node.inside("mount", "-t", "tmpfs", "tmpfs", "/dev/net")
    try:
        at_home.kubectl("delete", "pod", *NEBULA, "--field-selector", "spec.nodeName=home-2", "--wait=true")
        yield
    finally:
        node.inside("umount", "/dev/net")


def test_a_node_without_a_tunnel_device_is_named_and_waited_for(cluster, at_home, two_nodes):
    with no_device(at_home, two_nodes):
        waiting = cluster.start("up", "--yes", "--skip-peering")
        waiting.says("Nebula does not run on home-2: FailedMount: ")
        assert "/dev/net/tun is not a character device" in waiting.text
        assert "FailedMount: MountVolume.SetUp failed" in cluster.run("status")
    assert waiting.end(180) == 0, waiting.text


@pytest.mark.long
def test_a_node_that_never_gets_its_tunnel_device(cluster, at_home, two_nodes):
    with no_device(at_home, two_nodes):
        said = cluster.up("--skip-peering", code=1)
        assert "/dev/net/tun is not a character device" in said and "The node needs /dev/net/tun" in said
    cluster.up("--skip-peering")


@pytest.mark.long
def test_an_image_that_cannot_be_pulled(cluster, at_home, two_nodes):
    """Nobody can pull here, so it is enough to take the image away; once it is there, the same command ends well."""
    name = image(at_home)
    two_nodes.inside("ctr", "-n", "k8s.io", "images", "rm", name)
    at_home.kubectl("delete", "pod", *NEBULA, "--field-selector", "spec.nodeName=home-2", "--wait=true")
    said = cluster.up("--skip-peering", code=1)
    assert f"the image {name} cannot be pulled on home-2: " in said and "bootstrap.nebulaVersion" in said
    two_nodes.have_image(next(tar for tar in at_home.images if tar.name == "nebula.tar"))
    cluster.up("--skip-peering")


@pytest.mark.long
def test_a_node_that_is_not_ready(cluster, at_home, two_nodes):
    two_nodes.signal("kubelet", "STOP")
    try:
        until(lambda: "Unknown" in at_home.kubectl("get", "node", "home-2", "-o",
                                                   "jsonpath={.status.conditions[?(@.type=='Ready')].status}"), 120)
        said = cluster.run("up", "--yes", "--skip-peering", code=1, timeout=300)
        assert "that node is not Ready: NodeStatusUnknown: Kubelet stopped posting node status" in said
        assert "Nebula does not run on home-2" in said and "talosctl -n 192.168.1.55 service kubelet" in said
    finally:
        two_nodes.signal("kubelet", "CONT")
    until(two_nodes.node_ready, 60)
    cluster.up("--skip-peering")


@pytest.mark.long
def test_the_mesh_goes_down_in_the_middle(world, cluster, at_home):
    at_home.inside("sh", "-c", "kill -STOP $(pidof nebula)")
    try:
        said = cluster.up("--skip-peering", code=1)
        assert "the lighthouse gets no answer from talos-homelab (10.42.1.1) over the mesh" in said
    finally:
        at_home.inside("sh", "-c", "kill -CONT $(pidof nebula)")
    cluster.up("--skip-peering")


# The namespace is somebody else's, with rules of its own: last, for it ends with `down` of what is half laid.

def quota(at_home, **hard):
    at_home.kubectl("apply", "-f", "-", text=json.dumps({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": "nebula-system"},
        "spec": {"hard": hard}}))
    until(lambda: hard.items() <= json.loads(at_home.kubectl("get", "resourcequotas", "tight", *NEBULA, "-o", "json"))
          .get("status", {}).get("hard", {}).items(), 20)


@pytest.fixture(scope="module")
def strangers_namespace(cluster, at_home):
    at_home.kubectl("delete", "namespace", "nebula-system")
    at_home.kubectl("create", "namespace", "nebula-system")
    at_home.kubectl("label", "namespace", "nebula-system", "mine=a")


def test_a_namespace_with_a_level_of_its_own(cluster, at_home, strangers_namespace):
    at_home.kubectl("label", "namespace", "nebula-system", "pod-security.kubernetes.io/enforce=restricted")
    said = cluster.up("--skip-peering", code=1)
    assert "pod-security.kubernetes.io/enforce belongs to" in said and "kubectl-label" in said
    assert "--overwrite" in said and "home.nebulaNamespace" in said
    assert at_home.kubectl("get", "ds,cm,secret", *NEBULA, "-o", "name").split() == ["configmap/kube-root-ca.crt"], "nothing is laid"
    at_home.kubectl("label", "namespace", "nebula-system", "pod-security.kubernetes.io/enforce-")


@pytest.mark.long
def test_a_quota_that_lets_no_pod_in(cluster, at_home, strangers_namespace):
    quota(at_home, pods="0")
    said = cluster.up("--skip-peering", code=1)
    assert "home's API server refuses Nebula's pods: " in said and "exceeded quota: tight" in said
    assert "describe resourcequota" in said
    at_home.kubectl("delete", "resourcequotas", "tight", *NEBULA)
    at_home.kubectl("delete", "ds", "nebula", *NEBULA)


def test_what_a_quota_leaves_half_laid_is_taken_away(cluster, at_home, strangers_namespace):
    quota(at_home, **{"count/daemonsets.apps": "0"})
    said = cluster.up("--skip-peering", code=1)
    assert "applying DaemonSet nebula-system/nebula" in said and "exceeded quota: tight" in said
    assert "configmap/nebula\n" in at_home.kubectl("get", "cm", *NEBULA, "-o", "name"), "half of it is laid"

    receipt = cluster.json("down", "--yes")
    assert receipt["zero"], receipt
    left = at_home.kubectl("get", "ds,cm,secret,pod", *NEBULA, "-o", "name").split()
    assert left == ["configmap/kube-root-ca.crt"]
    labels = json.loads(at_home.kubectl("get", "namespace", "nebula-system", "-o", "json"))["metadata"]["labels"]
    assert labels == {"mine": "a", "kubernetes.io/metadata.name": "nebula-system"}, "and none of ours"
    assert at_home.kubectl("get", "namespace", "liqo", "--ignore-not-found") == ""
    assert "liqo" not in at_home.kubectl("get", "crds,clusterroles", "-o", "name")
