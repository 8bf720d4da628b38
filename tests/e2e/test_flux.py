"""Home with Flux: its real controllers, and Liqo's HelmRelease from a GitOps tree and from `up` itself."""
import json
import re
import shlex
import shutil
import subprocess

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
    with Flux(world.folder / "flux", at_home, world.artefacts.folder, worlds.net.INTERNET, world.folder / "tls/ca.crt") as it:
        yield it


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The operator's git repository, with nothing in it yet."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)
    (folder / PLACE).mkdir(parents=True)
    (folder / PLACE / "README.md").write_text("What Flux applies at home.\n")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def cluster(world, at_home, flux, tmp_path_factory):
    it = Cluster(world, tmp_path_factory.mktemp("flux"), name="fluxed")
    it.objects_before = everything(at_home)
    yield it
    it.run("down", "--yes", code=None)


def commit(repository):
    """Everything as it lies there; the commit's name."""
    git = ["git", "-C", repository, "-c", "user.name=operator", "-c", "user.email=operator@example.org"]
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=change"], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, text=True, capture_output=True).stdout.strip()


def applied(at_home, commit):
    """Waits until Flux has applied Nebula's part of the tree as of that commit."""
    path = "jsonpath={.status.lastAppliedRevision}"
    until(lambda: commit in at_home.kubectl("get", "kustomization.kustomize.toolkit.fluxcd.io", "fluxed-nebula", "-n", SPACE, "-o", path),
          60)


def write(cluster, at_home, manage, wait="5m"):
    cluster.write(distribution="k3s", kubeconfig=at_home.kubeconfig, manage=f"{manage}\n  gitopsWait: {wait}")


def of(at_home, kind, name="liqo"):
    return json.loads(at_home.kubectl("get", kind, name, "-n", "liqo", "-o", "json"))


def managers(at_home, kind, space, name):
    found = json.loads(at_home.kubectl("get", kind, name, "-n", space, "-o", "json", "--show-managed-fields"))
    return {m["manager"] for m in found["metadata"]["managedFields"]}


def test_with_gitops_up_waits_until_flux_has_applied_the_tree(cluster, at_home, flux, repository):
    flux.follows(repository, PLACE)
    before = everything(at_home)
    write(cluster, at_home, "gitops")
    running = cluster.start("up", "--yes", "--skip-peering")
    running.says("waiting for your GitOps: Namespace nebula-system is not applied yet")
    assert everything(at_home) == before, "up has applied something itself"
    cluster.run("export", "--flux", repository / TREE)
    commit(repository)
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


def test_pods_that_the_namespace_of_the_tree_does_not_let_in_are_named(cluster, at_home, repository):
    """Somebody has taken away in git what Nebula needs of its namespace."""
    file = repository / TREE / "nebula/namespace.yaml"
    tree = file.read_text()
    file.write_text(tree.replace("enforce: privileged", "enforce: baseline"))
    applied(at_home, commit(repository))
    at_home.kubectl("delete", "pods", "--all", "-n", "nebula-system")
    said = cluster.up("--skip-peering", code=1)
    assert "home's API server refuses Nebula's pods: " in said and "violates PodSecurity" in said, said
    assert "pod-security.kubernetes.io/enforce=privileged" in said
    file.write_text(tree)
    commit(repository)
    until(lambda: "enforce: privileged" in at_home.kubectl("get", "namespace", "nebula-system", "-o", "yaml"), 60)
    at_home.kubectl("annotate", "daemonset", "nebula", "-n", "nebula-system", "look=again")  # its controller tries ever more seldom
    cluster.up("--skip-peering")


def test_down_takes_the_keys_and_leaves_the_tree_to_gitops(cluster, at_home):
    before = everything(at_home)
    receipt = cluster.json("down", "--yes")
    assert receipt["zero"] and receipt["billable"] == 0
    assert before - everything(at_home) == {"secret/nebula-host"}


def test_what_leaves_git_gitops_takes_away(cluster, at_home, repository):
    """And nothing holds it. Liqo's namespace alone stays: Helm needs it to the end."""
    shutil.rmtree(repository / TREE)
    commit(repository)
    at_home.kubectl("wait", "helmrelease", "liqo", "-n", "liqo", "--for=delete", "--timeout=90s")
    at_home.kubectl("wait", "namespace/nebula-system", "--for=delete", "--timeout=60s")
    until(lambda: set(at_home.kubectl("get", "deployments,services,configmaps,secrets", "-n", "liqo", "-o", "name").split()) == {
        "configmap/kube-root-ca.crt", "secret/authentication-keys"}, 60)  # Liqo's own keys are nobody's manifest
    at_home.kubectl("delete", "namespace", "liqo", "--timeout=60s")
    at_home.kubectl("delete", "kustomization.kustomize.toolkit.fluxcd.io,gitrepository", SPACE, "-n", SPACE, "--timeout=60s")


def test_a_release_that_fails_or_is_suspended_is_named(cluster, at_home, flux):
    flux.reaches(False)
    write(cluster, at_home, "apply")
    running = cluster.start("up", "--yes", "--skip-peering")
    running.says("HelmRelease liqo/liqo waits for its chart: HelmRepository liqo/liqo: ")
    assert "connection refused" in running.text and "Can home reach https://helm.liqo.io/?" in running.text
    at_home.kubectl("patch", *RELEASE, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    assert running.end(180) == 1  # once the cloud's half is done, which it does not keep from being
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
