"""What goes wrong between two clusters, made to go wrong for real: `tombolo why` has to name the cause, not an echo of it."""
import json
import time

import pytest
from cluster import Cluster
from weather import (IMAGE, LIQO, advertise, chain, cloud, deployment, hanging_webhook, liqoctl, named, namespace, peered_again, pod,
                     scheduler_said, spec, stopped, text_named, toleration, uninstall, until, why)

CLOUD, HOME = "why-cloud", "talos-homelab"
TENANT_AT_HOME, TENANT_IN_CLOUD = f"liqo-tenant-{CLOUD}", f"liqo-tenant-{HOME}"
CLUSTER = dict(name="why", distribution="k3s", more="workers:\n  - {name: gpus, instanceTypes: [g4dn.xlarge], max: 2}\n")


@pytest.fixture(scope="module")
def cluster(world, at_home, tmp_path_factory):
    """Made once from nothing; every test leaves it peered and ready."""
    it = Cluster(world, tmp_path_factory.mktemp("why"), kubeconfig=at_home.kubeconfig, **CLUSTER)
    it.up()
    yield it
    it.run("down", "--yes", code=None)


# Pods: cheap, for nothing has to be broken.

def test_all_is_well_at_first(cluster):
    assert why(cluster, "peering")["id"] == why(cluster, "node")["id"] == "fine"


def test_a_pod_of_a_namespace_that_is_not_offloaded(cluster, at_home):
    """The recipe's `untolerated taint`, whose fix of another effect is none: the namespace is to be offloaded."""
    with namespace(at_home, "plain"):
        with pod(at_home, "none", "plain"), pod(at_home, "no-schedule", "plain", tolerations=[toleration("NoSchedule")]), \
                pod(at_home, "no-execute", "plain", tolerations=[toleration("NoExecute")]):
            text = scheduler_said(at_home, "none", "plain")
            assert "untolerated taint" in text and text_named(cluster, text) == "namespace-not-offloaded"
            said = named(cluster, "namespace-not-offloaded", "none", "-n", "plain")
            assert "does not tolerate" in chain(said) and "tombolo offload plain" in said["fix"]
            said = named(cluster, "namespace-not-offloaded", "no-schedule", "-n", "plain")
            assert "another effect than the taint's NoExecute" in chain(said)
            said = named(cluster, "namespace-not-offloaded", "no-execute", "-n", "plain")
            assert "OffloadingBackOff" in chain(said) and "disabled for namespace" in chain(said)


def test_a_daemon_set_that_goes_everywhere(cluster, at_home):
    with namespace(at_home, "everywhere"):
        at_home.kubectl("apply", "-f", "-", text=json.dumps({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "everywhere"},
            "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": {
                "metadata": {"labels": {"app": "agent"}}, "spec": spec(tolerations=[{"operator": "Exists"}])}}}))
        name = until(lambda: at_home.kubectl("get", "pods", "-n", "everywhere", "-o", "jsonpath={.items[*].metadata.name}"), 20)
        assert "liqo.io/type" in named(cluster, "daemonset-on-virtual-node", name, "-n", "everywhere")["fix"]


def test_a_pod_from_before_the_offloading(cluster, at_home):
    with namespace(at_home, "early"), pod(at_home, "first", "early"):
        time.sleep(1.1)  # Kubernetes' times have no more than seconds
        cluster.run("offload", "early")
        named(cluster, "pod-before-offloading", "first", "-n", "early")
        with pod(at_home, "second", "early"):
            named(cluster, "fine", "second", "-n", "early")


def test_a_strategy_that_keeps_pods_at_home(cluster, at_home):
    with namespace(at_home, "kept"):
        cluster.run("offload", "kept", "--strategy", "Local")
        with pod(at_home, "waits", "kept"):
            named(cluster, "strategy-local", "waits", "-n", "kept")


def test_a_pod_that_asks_for_more_than_the_slice_has(cluster, at_home):
    for resource, amount in ("cpu", "100"), ("nvidia.com/gpu", "8"):
        name = f"wants-{amount}"
        with pod(at_home, name, requests={resource: amount}):
            text = scheduler_said(at_home, name, "default")
            assert f"Insufficient {resource}" in text and text_named(cluster, text) == "slice-too-small"
            assert f"{resource}: it asks for {amount}" in chain(named(cluster, "slice-too-small", name))


def test_a_gpu_that_the_slice_has_and_no_machine(cluster, at_home):
    with pod(at_home, "trainer", requests={"nvidia.com/gpu": "1"}):
        said = named(cluster, "cloud-has-no-room", "trainer")
        assert "0/1 nodes are available: 1 Insufficient nvidia.com/gpu" in chain(said) and "workers" in said["fix"]


def test_an_image_that_cannot_be_pulled_in_the_cloud(cluster, at_home):
    with pod(at_home, "mistyped", image="nowhere.invalid/nothing:1"):
        said = named(cluster, "image-not-pulled", "mistyped")
        assert "cloud, Pod default-talos-homelab/mistyped" in [link["where"] for link in said["chain"]]


def test_a_selector_that_no_node_has(cluster, at_home):
    with pod(at_home, "picky", affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]}}}):
        assert "disk" in named(cluster, "selector-excludes-node", "picky")["fix"]


# Something broken, and mended again.

@pytest.fixture
def in_cloud(cluster):
    return lambda *argv: cloud(cluster, *argv)


def test_homes_webhook_is_down(cluster, at_home):
    with stopped(at_home.kubectl, "liqo-webhook", "liqo"):
        at_home.kubectl("apply", "-f", "-", text=deployment("unmade"))
        said = named(cluster, "home-webhook-silent", "unmade")
        assert 'failed calling webhook "pod.mutate.liqo.io"' in chain(said)
        named(cluster, "home-webhook-silent", "peering")
        at_home.kubectl("delete", "deployment", "unmade")


def test_the_clouds_webhook_is_down(cluster, at_home, in_cloud):
    with stopped(in_cloud, "liqo-webhook", "liqo-system"), pod(at_home, "refused"):
        assert 'failed calling webhook "shadowpod.' in chain(named(cluster, "cloud-webhook-silent", "refused"))
        named(cluster, "cloud-webhook-silent", "peering")


@pytest.mark.long
def test_both_webhooks_hang(world, cluster, at_home, in_cloud):
    """Both at a time, for each try waits ten seconds."""
    instance = cluster.instance
    with hanging_webhook(in_cloud, lambda *argv: world.machine(instance, *argv), "liqo-system"), pod(at_home, "waits"):
        with hanging_webhook(at_home.kubectl, at_home.inside, "liqo"):
            at_home.kubectl("apply", "-f", "-", text=deployment("unmade"))
            text = at_home.kubectl("run", "nobody", f"--image={IMAGE}", check=False, err=True)
            assert "context deadline exceeded" in text and text_named(cluster, text) == "home-webhook-silent"
            # The kubelet notices that it does not become ready again: then the words are others.
            assert 'failed calling webhook "pod.mutate.liqo.io"' in chain(named(cluster, "home-webhook-silent", "unmade"))
            at_home.kubectl("delete", "deployment", "unmade")
        named(cluster, "cloud-webhook-silent", "waits", seconds=40)


def test_a_cloud_without_a_quota(cluster, at_home, in_cloud):
    """The recipe's `failed getting quota`: not a matter of peering again, the controller that makes it does not run."""
    with stopped(in_cloud, "liqo-controller-manager", "liqo-system"):
        in_cloud("delete", "quotas.offloading.liqo.io", "--all", "-n", TENANT_IN_CLOUD)
        with pod(at_home, "refused-quota"):
            said = named(cluster, "no-quota", "refused-quota")
            assert "failed getting quota" in chain(said) and "liqo-controller-manager" in said["fix"]
    with pod(at_home, "accepted-quota"):
        named(cluster, "fine", "accepted-quota", seconds=40)


def test_a_slice_of_a_class_that_nobody_serves(cluster, at_home):
    at_home.kubectl("apply", "-f", "-", text=json.dumps({
        "apiVersion": "authentication.liqo.io/v1beta1", "kind": "ResourceSlice",
        "metadata": {"name": "odd", "namespace": TENANT_AT_HOME, "annotations": {"liqo.io/create-virtual-node": "true"}, "labels": {
            "liqo.io/remote-cluster-id": CLOUD, "liqo.io/remoteID": CLOUD, "liqo.io/replication": "true"}},
        "spec": {"class": "nosuch", "providerClusterID": CLOUD, "resources": {"cpu": "1", "memory": "1Gi"}}}))
    for question in (["node", "odd"], ["peering"]):
        assert "nosuch" in named(cluster, "slice-class-unknown", *question)["cause"]
    assert why(cluster, "node", CLOUD)["fine"], "the other slice is none of its business"
    at_home.kubectl("delete", "resourceslices.authentication.liqo.io", "odd", "-n", TENANT_AT_HOME)


def test_a_tenant_that_is_cordoned(cluster, at_home, in_cloud):
    def condition(word):
        in_cloud("patch", "tenants.authentication.liqo.io", HOME, "-n", TENANT_IN_CLOUD, "--type=merge", "-p",
                 json.dumps({"spec": {"tenantCondition": word}}))
    condition("Cordoned")
    with pod(at_home, "refused-tenant"):
        assert "user is cordoned" in chain(named(cluster, "tenant-cordoned", "refused-tenant"))
    named(cluster, "tenant-cordoned", "peering")
    assert "\"Active\"" in why(cluster, "node")["fix"]
    condition("Active")
    with pod(at_home, "accepted-tenant"):
        named(cluster, "fine", "accepted-tenant", seconds=40)


def test_a_slice_that_is_cordoned(cluster, at_home, in_cloud):
    def annotate(word):
        in_cloud("annotate", "resourceslices.authentication.liqo.io", CLOUD, "-n", TENANT_IN_CLOUD, word)
    annotate("liqo.io/cordon=true")
    with pod(at_home, "refused-slice"):
        assert f"{CLOUD} liqo.io/cordon-" in named(cluster, "tenant-cordoned", "refused-slice")["fix"]
    annotate("liqo.io/cordon-")
    with pod(at_home, "accepted-slice"):
        named(cluster, "fine", "accepted-slice", seconds=40)


@pytest.mark.long
def test_api_server_support_without_liqos_network(cluster, at_home):
    """The chart's default; `tombolo up` turns it off."""
    name = ("virtualnodes.offloading.liqo.io", CLOUD, "-n", TENANT_AT_HOME)
    path = "spec.template.spec.template.spec.containers[0].args"
    kubelet = ("deployment", f"vk-{CLOUD}", "-n", TENANT_AT_HOME)
    at = json.loads(at_home.kubectl("get", *name, "-o", f"jsonpath={{.{path}}}")).index("--enable-apiserver-support=false")

    def support(word):
        flag = f"--enable-apiserver-support={word}"
        at_home.kubectl("patch", *name, "--type=json", "-p", json.dumps([
            {"op": "replace", "path": f"/spec/template/spec/template/spec/containers/0/args/{at}", "value": flag}]))
        until(lambda: flag in at_home.kubectl("get", *kubelet, "-o", "yaml"), 20)
        at_home.kubectl("rollout", "status", *kubelet, "--timeout=60s")
    support("true")
    with pod(at_home, "asks"):
        assert "KUBERNETES_SERVICE_HOST=kubernetes.default" in chain(named(cluster, "apiserver-support", "asks", seconds=60))
    support("false")
    named(cluster, "fine", "peering", seconds=60)


# The handshake, and what earlier peerings leave.

@pytest.fixture
def judge(world, cluster, at_home):
    return lambda *argv: liqoctl(world, cluster, at_home, *argv)


def test_liqoctl_without_the_namespaces_of_the_recipe(cluster, judge):
    """The recipe's first error, of peer and unpeer."""
    for verb in ["peer", "--networking-disabled"], ["unpeer"]:
        text = judge(*verb, "--namespace", "liqo")
        assert 'configmaps "configmaps" not found' in text and text_named(cluster, text) == "liqo-not-installed"


def test_uninstalling_while_peered(cluster, at_home):
    text = uninstall(at_home)
    assert f"disable offloading for clusters:\n- {CLOUD}" in text and text_named(cluster, text) == "uninstall-while-peered"
    assert "tombolo unoffload default" in named(cluster, "uninstall-while-peered", "peering")["fix"]
    at_home.kubectl("delete", "job", "liqo-pre-delete", "-n", "liqo", "--wait")


def test_what_liqoctls_unpeering_leaves_and_what_stops_the_next_peering(world, cluster, at_home, in_cloud, judge):
    """One story, for each peering anew costs the wait for a lease: a step begins where the one before it has got stuck."""
    judge("unpeer", *LIQO, "--timeout", "60s")
    said = named(cluster, "not-peered", "peering")
    assert "it stays after unpeering" in chain(said) and "--remote-namespace liqo-system" in chain(said)
    # Uninstalling believes the ForeignCluster.
    text = uninstall(at_home)
    assert f"disable authentication for clusters:\n- {CLOUD}" in text and text_named(cluster, text) == "stale-foreign-cluster"
    named(cluster, "stale-foreign-cluster", "peering")
    at_home.kubectl("delete", "job", "liqo-pre-delete", "-n", "liqo", "--wait")
    # Home's keys are new: the cloud has kept a certificate for the old ones.
    at_home.kubectl("delete", "secret", "authentication-keys", "-n", "liqo")
    at_home.kubectl("rollout", "restart", "deployment/liqo-controller-manager", "-n", "liqo")
    at_home.kubectl("rollout", "status", "deployment/liqo-controller-manager", "-n", "liqo", "--timeout=60s")
    until(lambda: at_home.kubectl("get", "secret", "authentication-keys", "-n", "liqo", "-o", "name", check=False), 30)
    text = judge("peer", *LIQO, "--networking-disabled", "--timeout", "5s")
    assert text_named(cluster, text) == "csr-differs", text
    assert "the stored and the provided CSR do not match" in chain(named(cluster, "csr-differs", "peering"))
    # The cloud's half is deleted, and with it that certificate: home has kept the nonce that it signed.
    in_cloud("delete", "tenants.authentication.liqo.io", "--all", "-n", TENANT_IN_CLOUD)
    in_cloud("delete", "namespace", TENANT_IN_CLOUD)
    text = judge("peer", *LIQO, "--networking-disabled", "--timeout", "5s")
    assert text_named(cluster, text) == "nonce-differs", text
    assert f"-n {TENANT_AT_HOME} delete secret liqo-signed-nonce" in named(cluster, "nonce-differs", "peering")["fix"]
    # The cloud advertises an authority that has not signed its API server's certificate.
    in_cloud("delete", "namespace", TENANT_IN_CLOUD)
    at_home.kubectl("delete", "namespace", TENANT_AT_HOME)
    advertise(in_cloud, "https://10.42.0.1:6443", (world.folder / "tls/ca.crt").read_text())
    judge("peer", *LIQO, "--networking-disabled", "--timeout", "8s")
    assert "apiServer.ca" in named(cluster, "advertised-ca-wrong", "peering", seconds=20)["fix"]
    # The cloud advertises an address where nobody is.
    in_cloud("delete", "namespace", TENANT_IN_CLOUD)
    at_home.kubectl("delete", "namespace", TENANT_AT_HOME)
    advertise(in_cloud, "https://10.42.0.9:6443")
    text = judge("peer", *LIQO, "--networking-disabled", "--timeout", "8s")
    assert "Failed waiting for ResourceSlice authentication" in text and text_named(cluster, text) == "advertised-address-wrong"
    said = named(cluster, "advertised-address-wrong", "peering", seconds=20)
    assert "https://10.42.0.9:6443" in said["cause"] and "https://10.42.0.1:6443" in said["fix"]
    # It is corrected; home has the old answer, and then its checker has.
    failed = "jsonpath={.status.conditions[?(@.status=='Error')].type}"
    until(lambda: at_home.kubectl("get", "foreigncluster", CLOUD, "-o", failed), 30)
    advertise(in_cloud, "https://10.42.0.1:6443")
    assert "tombolo peer" in named(cluster, "identity-stale", "peering")["fix"]
    judge("peer", *LIQO, "--networking-disabled", "--timeout", "8s")
    assert "Do not delete the ForeignCluster" in named(cluster, "api-checker-stale", "peering")["fix"]
    peered_again(cluster)


def test_the_tenant_is_deleted_in_the_cloud(cluster, at_home, in_cloud):
    """The recipe's `tenants.authentication.liqo.io not found`."""
    in_cloud("delete", "tenants.authentication.liqo.io", HOME, "-n", TENANT_IN_CLOUD)
    text = cluster.run("kubectl", "get", "tenants.authentication.liqo.io", HOME, "-n", TENANT_IN_CLOUD, code=1)
    assert text_named(cluster, text) == "tenant-missing"
    assert f'"{HOME}" not found' in chain(named(cluster, "tenant-missing", "peering"))
    peered_again(cluster)


def test_liqo_is_taken_out_of_the_cloud(world, cluster):
    """And `tombolo up` puts it back."""
    cluster.run("unpeer")
    helm = "KUBECONFIG=/etc/rancher/k3s/k3s.yaml helm uninstall liqo --namespace liqo-system --wait"
    world.machine(cluster.instance, "sh", "-c", helm, timeout=120)
    assert "cloud" in named(cluster, "liqo-not-installed", "peering")["cause"]
    assert "is not installed in the cloud cluster" in cluster.run("peer", code=None)
    cluster.up()
    assert why(cluster, "peering")["fine"]


# Outages.

def test_the_mesh_is_cut_and_home_gives_the_cloud_up(world, cluster, at_home):
    with pod(at_home, "lives"):
        named(cluster, "fine", "lives")
        with world.block_udp(4242):
            for question in ["peering"], ["node"], ["lives"]:
                said = named(cluster, "mesh-cut", *question, seconds=60)
                assert "10.42.0.1:6443 answers" in chain(said) and "tombolo doctor" in said["fix"]
            cluster.run("unpeer", "--force", "--yes")
        assert "tombolo peer" in named(cluster, "orphans-in-cloud", "peering")["fix"]
        peered_again(cluster)


def test_the_mesh_goes_down_in_the_middle_of_a_peering(world, cluster):
    cluster.run("unpeer")
    with world.block_udp(4242):
        peering = cluster.start("peer")
        peering.says("waiting for the slice to reach the cloud")
    assert peering.end(120) == 0, peering.text
    assert why(cluster, "peering")["fine"]


@pytest.mark.long
def test_the_mesh_stays_down_in_the_middle_of_a_peering(world, cluster):
    cluster.run("unpeer")
    with world.block_udp(4242):
        said = cluster.run("peer", code=1, timeout=300)
        assert "tombolo why peering" in said
        named(cluster, "mesh-cut", "peering", seconds=60)
    peered_again(cluster)


@pytest.mark.long
def test_the_clouds_api_server_hangs(world, cluster):
    instance = cluster.instance
    world.machine(instance, "sh", "-c", "kill -STOP $(pidof kube-apiserver)")
    try:
        named(cluster, "cloud-api-silent", "peering", seconds=80)
    finally:
        world.machine(instance, "sh", "-c", "kill -CONT $(pidof kube-apiserver)")
    peered_again(cluster)


@pytest.mark.long
def test_another_cloud_under_a_live_peering(cluster):
    cluster.up("--recreate", "lighthouse", "--skip-peering")
    for question in "peering", "node":
        said = named(cluster, "cloud-replaced", question)
        assert "a copied status, which survives the cluster that gave it" in chain(said)
    cluster.up()
    assert why(cluster, "peering")["fine"]
