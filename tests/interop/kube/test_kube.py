"""Our Kubernetes client against a real kube-apiserver: objects, refusals, credentials."""
import json
import threading
import time

from conftest import config_map, probe

CM = ("v1", "ConfigMap")


def put(server, space, name, value="1", method="PUT"):
    path = f"/api/v1/namespaces/{space}/configmaps"
    return server.request(method, path if method == "POST" else f"{path}/{name}", config_map(name, space, value))


# --- objects

def test_applying_the_same_again_writes_nothing(server, admin, space):
    wanted = [config_map(f"m{i}", space) for i in range(5)] + [
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "nebula", "namespace": space}, "spec": {
            "selector": {"matchLabels": {"app": "nebula"}}, "template": {
                "metadata": {"labels": {"app": "nebula"}},
                "spec": {"hostNetwork": True, "containers": [{"name": "nebula", "image": "nebula:1", "resources": {"requests": {"cpu": "0.1"}}}]}}}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": space}, "stringData": {"host.key": "x"}}]

    def apply_all():
        return [probe(admin, "apply", o["apiVersion"], o["kind"], space, o["metadata"]["name"], given=o).value["metadata"]["resourceVersion"]
                for o in wanted]

    first = apply_all()
    assert apply_all() == first
    assert len(set(first)) == len(wanted)


def test_an_apply_that_meets_another_manager_names_fields_and_owner(server, admin, space):
    server.request("PATCH", f"/api/v1/namespaces/{space}/configmaps/c?fieldManager=gitops", config_map("c", space, "theirs"),
                   "application/apply-patch+yaml")
    ours = config_map("c", space, "ours")
    said = probe(admin, "apply", *CM, space, "c", given=ours)
    assert said.code == "conflict"
    assert ".data.value belongs to \"gitops\"" in said.value["error"]
    assert probe(admin, "apply", *CM, space, "c", "dry-run", given=ours).code == "conflict"
    taken = probe(admin, "apply", *CM, space, "c", "force", given=ours)
    assert taken.value["data"]["value"] == "ours"


def test_a_dry_run_changes_nothing(server, admin, space):
    said = probe(admin, "apply", *CM, space, "d", "dry-run", given=config_map("d", space))
    assert said.status == 0 and said.value["data"]["value"] == "1"
    assert probe(admin, "get", *CM, space, "d").code == "not found"


def test_create_patch_and_replace(server, admin, space):
    made = probe(admin, "create", *CM, space, "c", given=config_map("c", space))
    assert made.status == 0
    assert probe(admin, "create", *CM, space, "c", given=config_map("c", space)).code == "duplicate"
    assert probe(admin, "patch", *CM, space, "c", "merge", given={"data": {"more": "2"}}).value["data"] == {"value": "1", "more": "2"}
    assert probe(admin, "patch", *CM, space, "c", "json", given=[{"op": "remove", "path": "/data/more"}]).value["data"] == {"value": "1"}
    stale = probe(admin, "replace", *CM, space, "c", given=made.value)
    assert stale.code == "conflict" and "object has been modified" in stale.value["error"]


def test_pages_come_to_an_end_and_hold_everything_once(server, admin, space):
    for i in range(23):
        put(server, space, f"m{i:02}", method="POST")
    said = probe(admin, "list", *CM, space, "-", "", 5, STATISTICS="1")
    assert said.lines[:-1] == [f"m{i:02}" for i in range(23)]
    assert said.lines[-1]["calls"] == 1 + 5  # discovery, and the pages


def test_objects_of_a_custom_kind_are_found_by_group(server, admin):
    assert probe(admin, "resource", "liqo.io/v1", "ResourceSlice").code == "not found"
    for group in ("authentication.liqo.io", "resource.example"):
        server.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"resourceslices.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "resourceslices", "kind": "ResourceSlice"},
                     "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}})
    deadline = time.monotonic() + 20
    while (said := probe(admin, "resource", "authentication.liqo.io/v1beta1", "ResourceSlice")).status and time.monotonic() < deadline:
        time.sleep(0.1)
    assert said.value == {"text": "resourceslices.authentication.liqo.io", "namespaced": True,
                          "path": "/apis/authentication.liqo.io/v1beta1/namespaces/n/resourceslices/x"}
    assert probe(admin, "resource", "resource.k8s.io/v1", "ResourceSlice").value["namespaced"] is False
    absent = probe(admin, "resource", "authentication.liqo.io/v1beta1", "Tenant")
    assert absent.code == "not found" and "CustomResourceDefinition" in absent.value["hint"]


def test_version_readiness_and_groups(server, admin):
    assert probe(admin, "version").value == {"git": "v1.35.4", "major": 1, "minor": 35}
    assert probe(admin, "ready").value is True
    assert "apps/v1" in probe(admin, "groups").lines


# --- deleting

def test_what_is_held_by_a_finalizer_is_named(server, admin, space):
    server.request("POST", f"/api/v1/namespaces/{space}/configmaps", config_map("held", space, finalizers=["example.org/keep"]))
    assert probe(admin, "delete", *CM, space, "held").value is True
    said = probe(admin, "gone", *CM, space, "held", "-", 300)
    assert said.code == "timeout" and "the finalizer example.org/keep" in said.value["error"]
    server.request("PATCH", f"/api/v1/namespaces/{space}/configmaps/held", {"metadata": {"finalizers": None}}, "application/merge-patch+json")
    assert probe(admin, "gone", *CM, space, "held", "-", 5000).value is True
    assert probe(admin, "delete", *CM, space, "held").value is False


def test_a_namesake_is_not_deleted(server, admin, space):
    first = put(server, space, "c", method="POST")["metadata"]["uid"]
    server.request("DELETE", f"/api/v1/namespaces/{space}/configmaps/c")
    put(server, space, "c", method="POST")
    assert probe(admin, "delete", *CM, space, "c", first).code == "conflict"
    assert probe(admin, "gone", *CM, space, "c", first, 5000).value is True  # the one that was meant is gone


# --- who we are

def test_forbidden_names_the_rule_that_is_missing(server, space):
    jane = server.user("jane")
    said = probe(jane, "apply", "apps/v1", "DaemonSet", space, "nebula", given={"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "nebula"}})
    assert said.code == "permission"
    assert 'apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["patch"]' in said.value["hint"]
    assert f"Role of the namespace {space}" in said.value["hint"] and "jane" in said.value["hint"]


def test_may_i(server, admin, space):
    jane = server.user("jane")
    assert probe(admin, "may-i", "patch", "apps/v1", "DaemonSet", space).value["allowed"] is True
    said = probe(jane, "may-i", "patch", "apps/v1", "DaemonSet", space).value
    assert said["allowed"] is False
    assert said["text"] == f"patch daemonsets.apps in {space}"
    assert said["rules"] == "- apiGroups: [apps]\n  resources: [daemonsets]\n  verbs: [patch]\n"


def test_an_expired_certificate_is_told_before_anything_is_sent(server, proxy):
    old = server.user("old", days=-3, server=proxy.url)
    said = probe(old, "version")
    assert said.code == "credentials" and "expired on 2" in said.value["error"], said
    assert not proxy.requests


def test_an_unknown_token_is_a_matter_of_credentials(server):
    said = probe(server.config({"token": "nonsense"}), "version")
    assert said.code == "credentials"


def test_a_token_file_that_is_renewed_is_read_again(server, proxy, tmp_path):
    (tmp_path / "token").write_text("expired\n")
    config = server.config({"tokenFile": str(tmp_path / "token")}, "file.config", {"server": proxy.url, "certificate-authority-data": server.data("ca.crt")})
    # While the server thinks about the old token, the new one is written; the 401 makes us look again.
    proxy.fault("/version", delay=1, times=1)
    threading.Timer(0.4, (tmp_path / "token").write_text, [server.TOKEN]).start()
    assert probe(config, "version").status == 0
    assert len(proxy.seen("/version")) == 2


def plugin(server, tmp_path, body, **more):
    script = tmp_path / "login"
    script.write_text("#!/bin/sh\necho run >>" + str(tmp_path / "runs") + "\nprintf %s \"$KUBERNETES_EXEC_INFO\" >" + str(tmp_path / "info") + "\n" + body)
    script.chmod(0o755)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "IfAvailable", **more}}


def credential(**status):
    return "cat <<'E'\n" + json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}) + "\nE\n"


def test_an_exec_plugin_logs_in_once_and_is_told_the_cluster(server, space, tmp_path):
    config = server.config(plugin(server, tmp_path, credential(token=server.TOKEN), provideClusterInfo=True))
    assert probe(config, "list", *CM, space).status == 0
    assert (tmp_path / "runs").read_text() == "run\n"
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"]["interactive"] is False and info["spec"]["cluster"]["server"] == server.url
    assert info["spec"]["cluster"]["certificate-authority-data"] == server.data("ca.crt")


def test_an_exec_plugin_may_give_a_certificate(server, tmp_path):
    config = server.config(plugin(server, tmp_path, credential(clientCertificateData=server.read("admin.crt"), clientKeyData=server.read("admin.key"))))
    assert probe(config, "list", *CM, "default").status == 0


def test_an_exec_plugin_is_asked_again_when_its_token_is_refused(server, tmp_path):
    body = f"if [ $(wc -l <{tmp_path}/runs) = 1 ]; then\n{credential(token='expired')}else\n{credential(token=server.TOKEN)}fi\n"
    assert probe(server.config(plugin(server, tmp_path, body)), "version").status == 0
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


def test_what_an_exec_plugin_does_wrong_is_told(server, tmp_path):
    said = probe(server.config(plugin(server, tmp_path, "echo the session has ended >&2; exit 3\n")), "version")
    assert said.code == "credentials" and "the session has ended" in said.value["error"]
    said = probe(server.config(plugin(server, tmp_path, "echo hello\n")), "version")
    assert said.code == "credentials" and "not JSON" in said.value["error"]
    absent = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "kubelogin-of-nobody", "interactiveMode": "Never", "installHint": "Get it at example.org."}}
    said = probe(server.config(absent), "version")
    assert said.code == "not found" and said.value["hint"] == "Get it at example.org."


# --- whom we believe

def test_another_authority_is_not_believed(server, admin, tmp_path):
    from kubernetes import Authority
    Authority(tmp_path, "stranger")
    import base64
    config = server.config({"token": server.TOKEN}, "stranger.config", {
        "server": server.url, "certificate-authority-data": base64.b64encode((tmp_path / "ca.crt").read_bytes()).decode()})
    assert probe(config, "version").code == "untrusted"
    # Neither are the system's authorities when the kubeconfig names one, nor is anybody without one.
    assert probe(server.config({"token": server.TOKEN}, "none.config", {"server": server.url}), "version").code == "untrusted"


def test_the_name_on_the_certificate_may_be_given(server):
    assert probe(server.kubeconfig(**{"tls-server-name": "kubernetes.default.svc"}), "version").status == 0
    assert probe(server.kubeconfig(**{"tls-server-name": "example.org"}), "version").code == "untrusted"


def test_insecure_is_possible_and_warned_of(server):
    config = server.config({"token": server.TOKEN}, "insecure.config", {"server": server.url, "insecure-skip-tls-verify": True})
    said = probe(config, "version")
    assert said.status == 0 and "insecure-skip-tls-verify is set in" in said.warnings


def test_a_tunnel_changes_where_we_go_and_not_whom_we_believe(server):
    config = server.kubeconfig(server="https://kubernetes.default.svc:6443")
    assert probe(config, "version", CONNECT_TO=f"127.0.0.1:{server.port}").status == 0
    config = server.kubeconfig(server="https://lighthouse.example:6443")
    assert probe(config, "version", CONNECT_TO=f"127.0.0.1:{server.port}").code == "untrusted"


def test_files_beside_the_kubeconfig(server):
    config = server.config({"client-certificate": "admin.crt", "client-key": "admin.key"}, "files.config",
                           {"server": server.url, "certificate-authority": "ca.crt"})
    assert probe(config, "version").status == 0


def test_several_files_in_kubeconfig(server, tmp_path):
    (tmp_path / "a").write_text(json.dumps({"kind": "Config", "contexts": [{"name": "other", "context": {"cluster": "it", "user": "me"}}], "current-context": "other"}))
    joined = f"{tmp_path}/a:{tmp_path}/absent:{server.kubeconfig()}"
    assert probe("-", "version", KUBECONFIG=joined).status == 0
    said = probe("-", "version", KUBECONFIG=joined, CONTEXT="nowhere")
    assert said.code == "bad input" and "other, it" in said.value["hint"]


# --- certificate signing requests

def test_a_signing_request_is_approved_once(server, admin):
    import base64
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string("CN=cloud")).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    server.request("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", {
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "cloud"},
        "spec": {"request": base64.b64encode(csr.public_bytes(serialization.Encoding.PEM)).decode(), "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}})
    assert probe(admin, "approve", "cloud").value is True
    assert probe(admin, "approve", "cloud").value is True
    conditions = server.request("GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests/cloud")["status"]["conditions"]
    assert [(c["type"], c["status"], c["reason"]) for c in conditions] == [("Approved", "True", "ApprovedByTombolo")]
