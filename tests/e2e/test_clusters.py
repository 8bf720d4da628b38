"""Both clusters on the mesh: `tombolo up` from nothing, on machines that really boot and a home cluster that is really one."""
import json

import pytest
import world as worlds
from cluster import Cluster

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture(scope="module")
def at_home(world):
    return world.cluster_at_home


@pytest.fixture(scope="module")
def cluster(world, at_home, tmp_path_factory):
    """One that has both clusters, for the tests of this file that leave it as it was."""
    it = Cluster(world, tmp_path_factory.mktemp("clusters"), name="both", distribution="k3s",
                 kubeconfig=at_home.kubeconfig)
    # One of the two namespaces is there before, with something of somebody else's in it.
    at_home.kubectl("create", "namespace", "liqo")
    at_home.kubectl("create", "configmap", "somebodys", "-n", "liqo", "--from-literal=a=b")
    it.objects_before = everything(at_home)
    it.said = it.up("--skip-peering")
    yield it
    it.run("down", "--yes", code=None)


def everything(at_home):
    """Every object that somebody made, by kind and name; what Kubernetes itself makes and renews is left out."""
    kinds = at_home.kubectl("api-resources", "--verbs=list,delete", "-o", "name").split()
    busy = ("events", "leases", "endpoints", "endpointslices", "componentstatuses", "controllerrevisions", "pods.metrics")
    kinds = [k for k in kinds if not k.startswith(busy)]
    names = at_home.kubectl("get", ",".join(kinds), "-A", "-o", "name", "--ignore-not-found")
    return {n for n in names.splitlines() if n}


def test_both_installations_become_ready(cluster, at_home):
    resources = {r["address"]: r for r in cluster.json("status")["resources"]}
    for address in ("home.nebula/home", "home.member/talos-homelab", "k3s.server/lighthouse", "liqo.installation/cloud",
                    "liqo.installation/home"):
        assert resources[address]["state"] == "ready", resources[address]
    assert resources["liqo.installation/home"]["outputs"]["clusterID"] == "talos-homelab"
    assert resources["liqo.installation/cloud"]["outputs"]["clusterID"] == "both-cloud"


def test_kubectl_agrees(cluster, at_home):
    """Home by its own kubectl; the cloud by `tombolo kubectl`, from a desk that is no member of the mesh."""
    deployments = json.loads(at_home.kubectl("get", "deployments", "-n", "liqo", "-o", "json"))["items"]
    assert {d["metadata"]["name"] for d in deployments} == {"liqo-controller-manager", "liqo-crd-replicator", "liqo-webhook"}
    assert all(d["status"]["availableReplicas"] == 1 for d in deployments)
    nodes = json.loads(cluster.run("kubectl", "get", "nodes", "-o", "json"))["items"]
    assert [n["metadata"]["name"] for n in nodes] == ["lighthouse"]
    assert nodes[0]["status"]["addresses"][0]["address"] == "10.42.0.1"
    pods = json.loads(cluster.run("kubectl", "get", "pods", "-n", "liqo-system", "-o", "json"))["items"]
    assert len(pods) == 3 and all(p["status"]["phase"] == "Running" for p in pods)


def test_packets_go_through_the_mesh(world, cluster, at_home):
    done = world.machine(cluster.instance, "ping", "-c", "2", "-W", "2", "10.42.1.1")
    assert " 0% packet loss" in done.stdout
    # Home's own pods reach the cloud's API over it: this is what Liqo will do.
    answer = at_home.inside("curl", "-sk", "-m", "5", "https://10.42.0.1:6443/ping")
    assert answer.stdout == "pong"


def test_a_second_up_changes_nothing(world, cluster, at_home):
    """Nothing in AWS, and no write at home: no object of ours has another version afterwards."""
    before, calls = versions(at_home), len(world.calls())
    assert "Nothing to do" in cluster.up("--skip-peering")
    assert [c for c in world.calls()[calls:] if not c[0].startswith(("Describe", "Get"))] == []
    assert versions(at_home) == before


def versions(at_home):
    """Of what never changes by itself the version, of what has a status the generation of what was wished for."""
    out = {}
    for o in json.loads(at_home.kubectl("get", "all,cm,secrets,crds,clusterroles", "-A", "-o", "json"))["items"]:
        meta = o["metadata"]
        out[meta["uid"]] = meta.get("generation") or meta["resourceVersion"]
    return out


def test_nobody_outside_reaches_the_api(world, cluster):
    """The packets are dropped: curl waits in vain (28). That the address is the right one, SSH shows."""
    done = world.desk("curl", "-sk", "-m", "3", f"https://{cluster.address}:6443/ping", check=False)
    assert done.returncode == 28
    assert "SSH-2.0" in world.desk("bash", "-c", f"head -n 1 </dev/tcp/{cluster.address}/22").stdout


def test_kubectl_and_kubeconfig_by_hand(world, cluster, tmp_path):
    assert cluster.run("kubectl", "get", "pod", "nobody", "-o", "name", code=1) == ""
    assert "Client Version" in cluster.run("kubectl", "version", "--client")
    (tmp_path / "both.yaml").write_text(cluster.run("-o", "text", "kubeconfig", "--merge"))
    contexts = world.desk("kubectl", "--kubeconfig", tmp_path / "both.yaml", "config", "get-contexts", "-o", "name").stdout
    assert contexts.split() == ["both-cloud", "it"], "the cloud's, and home's as it is called there"
    nodes = world.desk("kubectl", "--kubeconfig", tmp_path / "both.yaml", "get", "nodes", "-o", "name").stdout
    assert nodes.strip() == "node/home-1", "home's context is the current one"
    shown = cluster.json("kubeconfig")
    assert shown["contexts"][0]["server"] == "https://10.42.0.1:6443" and "PRIVATE" not in json.dumps(shown)


def test_the_exported_tree_is_what_up_lays(cluster, at_home, tmp_path):
    """Byte-stable, without keys, and to home's own API server the same objects: server-side apply finds nothing to change."""
    assert cluster.json("export", "--kustomize", tmp_path)["changed"] > 0
    assert cluster.json("export", "--kustomize", tmp_path)["changed"] == 0
    text = "".join(f.read_text() for f in tmp_path.rglob("*.yaml"))
    assert "PRIVATE KEY" not in text and "kind: HelmRelease" in text and "kind: NamespaceOffloading" in text
    spec = json.loads(at_home.kubectl("get", "ds", "nebula", "-n", "nebula-system", "-o", "json"))["spec"]
    said = at_home.kubectl("apply", "--server-side", "--field-manager=tombolo", "--dry-run=server", "-k", tmp_path / "nebula",
                           "-o", "json")
    exported = {o["kind"]: o for o in json.loads(said)["items"]}
    assert exported["DaemonSet"]["spec"] == spec
    assert set(exported) == {"Namespace", "ConfigMap", "DaemonSet"}


def test_down_removes_what_was_ours_at_home_and_nothing_else(world, cluster, at_home):
    at_home.kubectl("create", "configmap", "mine", "-n", "default", "--from-literal=a=b")
    receipt = cluster.json("down", "--yes")
    assert receipt["zero"] and receipt["billable"] == 0
    assert everything(at_home) == cluster.objects_before | {"configmap/mine"}


def test_somebody_elses_nebula_is_neither_changed_nor_removed(world, cluster, at_home):
    """After the cluster is gone: a DaemonSet of the same name that nobody of us made."""
    at_home.kubectl("create", "namespace", "nebula-system")
    at_home.kubectl("apply", "-f", "-", text=json.dumps({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "nebula", "namespace": "nebula-system"},
        "spec": {"selector": {"matchLabels": {"app": "theirs"}}, "template": {
            "metadata": {"labels": {"app": "theirs"}},
            "spec": {"containers": [{"name": "c", "image": "busybox:1.36", "command": ["sleep", "600"]}]}}}}))
    before = everything(at_home)
    calls = len(world.calls())
    assert "tombolo did not make it" in cluster.up("--skip-peering", code=1)
    assert [c for c in world.calls()[calls:] if not c[0].startswith(("Describe", "Get"))] == [], "refused before anything"
    cluster.run("down", "--yes")
    assert everything(at_home) == before
