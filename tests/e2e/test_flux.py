"""Home with Flux: its real controllers, and Liqo's HelmRelease from a GitOps tree and from `up` itself."""
import json
import re
import shlex

import pytest
from cluster import Cluster
from flux import SPACE, Flux
from test_clusters import everything
from weather import until

import world as worlds

PLACE = "clusters/home"
TREE = f"{PLACE}/fluxed"
RELEASE = ("-n", "liqo", "helmrelease", "liqo")


@pytest.fixture(scope="module")
def flux(world, at_home):
    with Flux(world.folder / "flux", at_home, world.artefacts.folder, world.mirror, worlds.net.INTERNET,
              world.folder / "tls/ca.crt") as it:
        yield it


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The operator's git repository, as it lies on his disk."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".git").mkdir()
    (folder / PLACE).mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def cluster(world, at_home, flux, tmp_path_factory):
    it = Cluster(world, tmp_path_factory.mktemp("flux"), name="fluxed")
    it.objects_before = everything(at_home)
    yield it
    it.run("down", "--yes", code=None)


def write(cluster, at_home, manage, wait="5m"):
    cluster.write(distribution="k3s", kubeconfig=at_home.kubeconfig, manage=f"{manage}\n  gitopsWait: {wait}")


def of(at_home, kind, name="liqo"):
    return json.loads(at_home.kubectl("get", kind, name, "-n", "liqo", "-o", "json"))


def managers(at_home, kind, space, name):
    found = json.loads(at_home.kubectl("get", kind, name, "-n", space, "-o", "json", "--show-managed-fields"))
    return {m["manager"] for m in found["metadata"]["managedFields"]}


def test_with_gitops_up_waits_until_flux_has_applied_the_tree(cluster, at_home, flux, repository):
    write(cluster, at_home, "gitops")
    running = cluster.start("up", "--yes", "--skip-peering")
    running.says("waiting for your GitOps: Namespace nebula-system is not applied yet")
    assert everything(at_home) == cluster.objects_before, "up has applied something itself"
    cluster.run("export", "--flux", repository / TREE)
    flux.repository(repository, ".")
    # What `flux bootstrap` makes: the folder around the tree, and so all that is in it.
    at_home.kubectl("apply", "-f", "-", text=json.dumps({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": SPACE, "namespace": SPACE},
        "spec": {"interval": "1h", "path": f"./{PLACE}", "prune": True, "sourceRef": {"kind": "GitRepository", "name": SPACE}}}))
    assert running.end(180) == 0, running.text + flux.log("kustomize-controller")[-3000:]
    assert cluster.resource("liqo.installation/home")["state"] == "ready"
    for kind, space, name in (("namespace", "", "liqo"), ("helmrelease", "liqo", "liqo"), ("helmrepository", "liqo", "liqo"),
                              ("daemonset", "nebula-system", "nebula"), ("configmap", "nebula-system", "nebula")):
        found = managers(at_home, kind, space or "default", name)
        assert "kustomize-controller" in found and "tombolo" not in found, (kind, found)
    assert managers(at_home, "secret", "nebula-system", "nebula-host") == {"tombolo"}
    assert "Nothing to do" in cluster.up("--skip-peering")


def test_the_exported_trees_are_what_the_api_server_takes(cluster, at_home, repository, tmp_path):
    assert cluster.json("export", "--flux", repository / TREE)["changed"] == 0
    cluster.run("export", "--kustomize", tmp_path)
    assert cluster.json("export", "--kustomize", tmp_path)["changed"] == 0
    dry = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "name"]
    taken = at_home.kubectl(*dry, "-k", tmp_path).split()
    assert {"helmrelease.helm.toolkit.fluxcd.io/liqo", "helmrepository.source.toolkit.fluxcd.io/liqo", "daemonset.apps/nebula"} < set(taken)
    files = sorted(f for f in (repository / TREE).rglob("*.yaml") if f.name not in ("kustomization.yaml", "secret.example.yaml"))
    for file in files:
        assert at_home.kubectl(*dry, "--validate=strict", "-f", file), file
    assert at_home.kubectl(*dry, "-k", repository / TREE).split() == [
        f"kustomization.kustomize.toolkit.fluxcd.io/fluxed-{part}" for part in ("liqo", "nebula", "offloading")]


def test_what_gitops_applied_gitops_takes_away(cluster, at_home):
    """And nothing holds it. Liqo's namespace alone stays: Helm needs it to the end. The Secret with the keys was ours, and went
    with its namespace."""
    at_home.kubectl("delete", "kustomization.kustomize.toolkit.fluxcd.io", SPACE, "-n", SPACE, "--timeout=60s")
    at_home.kubectl("wait", "kustomization.kustomize.toolkit.fluxcd.io", "--all", "-n", SPACE, "--for=delete", "--timeout=60s")
    at_home.kubectl("wait", "helmrelease", "--all", "-n", "liqo", "--for=delete", "--timeout=60s")
    at_home.kubectl("wait", "namespace/nebula-system", "--for=delete", "--timeout=60s")
    assert set(at_home.kubectl("get", "deployments,services,configmaps,secrets", "-n", "liqo", "-o", "name").split()) == {
        "configmap/kube-root-ca.crt", "secret/authentication-keys"}, "Liqo's own keys are nobody's manifest"
    at_home.kubectl("delete", "namespace", "liqo", "--timeout=60s")
    at_home.kubectl("delete", "gitrepository", SPACE, "-n", SPACE)


def test_a_release_that_fails_or_is_suspended_is_named(cluster, at_home, flux):
    flux.reaches(False)
    write(cluster, at_home, "apply")
    running = cluster.start("up", "--yes", "--skip-peering")
    running.says("HelmRelease liqo/liqo waits for its chart: HelmRepository liqo/liqo: ")
    assert "connection refused" in running.text and "Can home reach https://helm.liqo.io/?" in running.text
    at_home.kubectl("patch", *RELEASE, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    assert running.end(30) == 1
    assert "HelmRelease liqo/liqo is suspended: Flux does nothing about it" in running.text
    # The next step that it names is one.
    command = re.search(r"Resume it: kubectl (.*)", running.text).group(1)
    at_home.kubectl(*shlex.split(command))
    flux.reaches(True)
    said = cluster.up("--skip-peering")
    assert "Liqo v1.2.0 as talos-homelab" in said
    release = of(at_home, "helmrelease")
    ready = next(c for c in release["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "InstallSucceeded")
    assert release["status"]["history"][0]["chartVersion"] == worlds.artefacts.LIQO


def test_a_second_up_changes_nothing_and_flux_finds_no_drift(cluster, at_home, flux):
    before = of(at_home, "helmrelease")["metadata"]["generation"]
    at_home.kubectl("annotate", *RELEASE, "reconcile.fluxcd.io/requestedAt=now")
    until(lambda: of(at_home, "helmrelease")["status"].get("lastHandledReconcileAt") == "now", 20)
    assert "Nothing to do" in cluster.up("--skip-peering")
    release = of(at_home, "helmrelease")
    assert release["metadata"]["generation"] == before and len(release["status"]["history"]) == 1
    log = flux.log("helm-controller")
    assert "drift" not in log and log.rindex("release in-sync with desired state") > log.rindex("running 'install' action")


def test_down_removes_release_and_source_and_nothing_else(cluster, at_home):
    at_home.kubectl("create", "configmap", "mine", "-n", SPACE, "--from-literal=a=b")
    receipt = cluster.json("down", "--yes")
    assert receipt["zero"] and receipt["billable"] == 0
    assert everything(at_home) == cluster.objects_before | {"configmap/mine"}
