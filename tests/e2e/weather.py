"""Bad weather between two clusters, for the tests of `tombolo why`: how it is made, and what is asked about it."""
import base64
import contextlib
import json
import subprocess
import time

LIQO = ("--namespace", "liqo", "--remote-namespace", "liqo-system")  # what liqoctl must be told
IMAGE = "busybox:1.36"  # the machines of this world have it
NOT_ALLOWED = "virtual-node.liqo.io/not-allowed"


def until(test, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := test():
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")


def why(cluster, *argv):
    return json.loads(cluster.run("why", *argv, "-o", "json", code=None))


def chain(said):
    return " | ".join(link["seen"] for link in said["chain"])


def named(cluster, cause, *argv, seconds=20):
    """Asked again until that is the cause: what is wrong takes a moment until it can be seen."""
    end = time.monotonic() + seconds
    while (said := why(cluster, *argv))["id"] != cause:
        assert time.monotonic() < end, f"{cause} is not named:\n{json.dumps(said, indent=1)}"
        time.sleep(0.3)
    assert said["cause"] and (said["fine"] or said["fix"]), said
    return said


def text_named(cluster, text):
    return json.loads(cluster.run("why", "--text", text, "-o", "json"))["id"]


def cloud(cluster, *argv, check=True):
    return cluster.run("kubectl", *argv, code=0 if check else None)


def spec(image=IMAGE, tolerations=(), requests=None, to_cloud=True, **more):
    return {"nodeSelector": {"liqo.io/type": "virtual-node"} if to_cloud else {},
            "terminationGracePeriodSeconds": 1, "tolerations": list(tolerations), "containers": [
                {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "600"],
                 "resources": {"requests": requests or {}, "limits": requests or {}}}], **more}


@contextlib.contextmanager
def pod(at_home, name, namespace="default", **changes):
    at_home.kubectl("apply", "-f", "-", text=json.dumps({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec(**changes)}))
    try:
        yield
    finally:
        at_home.kubectl("delete", "pod", name, "-n", namespace, "--wait=false", "--ignore-not-found")


@contextlib.contextmanager
def namespace(at_home, name):
    at_home.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        at_home.kubectl("delete", "namespace", name, "--wait=false")


def toleration(effect):
    return {"key": NOT_ALLOWED, "operator": "Exists", "effect": effect}


def scheduler_said(at_home, name, namespace):
    path = "jsonpath={.status.conditions[?(@.type=='PodScheduled')].message}"
    return until(lambda: at_home.kubectl("get", "pod", name, "-n", namespace, "-o", path), 20)


@contextlib.contextmanager
def stopped(kubectl, name, namespace):
    """No pod of the Deployment while the `with` lasts."""
    kubectl("scale", "deployment", name, "-n", namespace, "--replicas=0")
    until(lambda: not json.loads(kubectl("get", "deployment", name, "-n", namespace, "-o", "json"))["status"].get("replicas"), 30)
    try:
        yield
    finally:
        kubectl("scale", "deployment", name, "-n", namespace, "--replicas=1")
        kubectl("rollout", "status", f"deployment/{name}", "-n", namespace, "--timeout=60s")


@contextlib.contextmanager
def hanging_webhook(kubectl, run, namespace):
    """It takes connections and answers none."""
    run("sh", "-c", "kill -STOP $(pidof webhook)")
    try:
        yield
    finally:
        run("sh", "-c", "kill -CONT $(pidof webhook)")
        kubectl("rollout", "status", "deployment/liqo-webhook", "-n", namespace, "--timeout=60s")


def deployment(name, namespace="default"):
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": spec()}}})


def uninstall(at_home):
    """What Liqo's chart runs before it lets Helm remove anything: the uninstaller, as the Job of its name."""
    image = at_home.kubectl("get", "deployment", "liqo-controller-manager", "-n", "liqo", "-o",
                            "jsonpath={.spec.template.spec.containers[0].image}")
    at_home.kubectl("apply", "-f", "-", text=json.dumps({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "liqo-pre-delete", "namespace": "liqo"}, "spec": {
            "backoffLimit": 0, "template": {"spec": {
                "restartPolicy": "Never", "serviceAccountName": "liqo-controller-manager",
                "containers": [{"name": "c", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["/usr/bin/uninstaller"],
                                "env": [{"name": "POD_NAMESPACE", "value": "liqo"}]}]}}}}))
    at_home.kubectl("wait", "job/liqo-pre-delete", "-n", "liqo", "--for=condition=Failed", "--timeout=60s")
    return at_home.kubectl("logs", "job/liqo-pre-delete", "-n", "liqo")


def peered_again(cluster):
    cluster.run("peer")
    assert why(cluster, "peering")["fine"]


def advertise(in_cloud, address, authority=None):
    """As the Helm values apiServer.address and apiServer.ca would have it; that of an authority is a PEM."""
    flags = {"--api-server-address-override=": address,
             "--ca-override=": authority and base64.b64encode(authority.encode()).decode()}
    name = ("deployment", "liqo-controller-manager", "-n", "liqo-system")
    args = json.loads(in_cloud("get", *name, "-o", "jsonpath={.spec.template.spec.containers[0].args}"))
    args = [arg for arg in args if not arg.startswith(tuple(flags))] + [flag + word for flag, word in flags.items() if word]
    in_cloud("patch", *name, "--type=json", "-p", json.dumps([
        {"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": args}]))
    in_cloud("rollout", "status", "deployment/liqo-controller-manager", "-n", "liqo-system", "--timeout=60s")


def cloud_config(cluster):
    """A kubeconfig of the cloud as it is now."""
    file = cluster.folder / "cloud.config"
    file.write_text(cluster.run("kubeconfig", "--cloud", "-o", "text"))
    return file


def liqoctl(world, cluster, at_home, *argv, both=True, remote=None, check=False):
    """Where home's pods are: on the node, which is a member of the mesh. What it printed."""
    clusters = ["--kubeconfig", at_home.kubeconfig]
    if both:
        clusters += ["--remote-kubeconfig", remote or cloud_config(cluster)]
    done = subprocess.run(["nsenter", f"--net={at_home.namespace.path}", world.artefacts.programs / "liqoctl", *argv, *clusters],
                          text=True, capture_output=True, timeout=120)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
