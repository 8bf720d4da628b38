"""Bad weather between us and a real kube-apiserver: cut, slow, busy, forgetful, replaced by a web page."""
import time

from awkward import gone
from conftest import config_map, probe

CM = ("v1", "ConfigMap")
PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


def post(server, space, name, value="1"):
    return server.request("POST", f"/api/v1/namespaces/{space}/configmaps", config_map(name, space, value))


def put(server, space, name, value):
    return server.request("PUT", f"/api/v1/namespaces/{space}/configmaps/{name}", config_map(name, space, value))


def delete(server, space, name):
    return server.request("DELETE", f"/api/v1/namespaces/{space}/configmaps/{name}")


# --- one call

def test_too_many_requests_waits_as_long_as_the_server_says(proxy, awkward):
    proxy.fault("/version", status=429, headers={"Retry-After": "1"}, times=2)
    said = probe(awkward, "version", STATISTICS="1")
    assert said.status == 0 and said.lines[-1]["retries"] == 2
    assert said.seconds >= 2


def test_a_web_page_is_not_an_answer(proxy, awkward):
    proxy.fault("/version", status=502, body=PAGE, headers={"Content-Type": "text/html"}, times=1)
    assert probe(awkward, "version").status == 0
    proxy.fault("/version", status=502, body=PAGE, headers={"Content-Type": "text/html"}, times=100)
    said = probe(awkward, "version", STATISTICS="1")
    assert said.code == "transient" and "a web page came with HTTP 502" in said.value["error"], said
    assert len(proxy.seen("/version")) == 1 + 1 + 6  # bounded
    proxy.reset()
    proxy.fault("/version", status=200, body=PAGE, headers={"Content-Type": "text/html"})
    assert probe(awkward, "version").code == "corrupt"


def test_a_create_whose_answer_was_lost_is_not_sent_again(server, proxy, awkward, space):
    proxy.fault("POST", cut_before=True, forward=True)
    said = probe(awkward, "create", *CM, space, "once", given=config_map("once", space))
    assert said.code == "transient"
    assert len(proxy.seen("POST")) == 1
    assert server.request("GET", f"/api/v1/namespaces/{space}/configmaps/once")


def test_an_apply_whose_answer_was_lost_is_sent_again(server, proxy, awkward, space):
    proxy.fault("PATCH", cut_before=True, forward=True)
    assert probe(awkward, "apply", *CM, space, "c", given=config_map("c", space)).status == 0
    assert len(proxy.seen("PATCH")) == 2


def test_an_answer_cut_in_the_middle_is_asked_for_again(server, proxy, awkward, space):
    post(server, space, "c", "x" * 5000)
    proxy.fault(f"GET /api/v1/namespaces/{space}/configmaps", cut_after=1500)
    assert probe(awkward, "list", *CM, space).lines == ["c"]


def test_a_list_that_the_server_forgets_half_way_begins_anew(server, proxy, awkward, space):
    for i in range(7):
        post(server, space, f"m{i}")
    proxy.fault("continue=", status=410, body=gone("The provided continue parameter is too old"))
    assert probe(awkward, "list", *CM, space, "-", "", 3).lines == [f"m{i}" for i in range(7)]


def test_an_expired_token_without_another_is_told(proxy, awkward):
    proxy.fault("/version", status=401, body={"kind": "Status", "status": "Failure", "reason": "Unauthorized", "message": "Unauthorized", "code": 401}, times=9)
    said = probe(awkward, "version")
    assert said.code == "credentials" and len(proxy.seen("/version")) == 1


def test_nobody_there(server):
    config = server.config({"token": server.TOKEN}, "nobody.config", {"server": "https://127.0.0.1:9", "certificate-authority-data": server.data("ca.crt")})
    said = probe(config, "version")
    assert said.code == "unreachable" and "127.0.0.1:9" in said.value["hint"]


def test_webhooks_that_do_not_answer_are_named(server, admin, space):
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    server.request("POST", hooks, {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "down"},
        "webhooks": [{"name": "check.liqo.example", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
                      "clientConfig": {"url": "https://127.0.0.1:9/"}, "timeoutSeconds": 1,
                      "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
                      "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]}]})
    try:
        deadline = time.monotonic() + 15  # the server hears of its own webhooks with a delay
        while time.monotonic() < deadline:
            said = probe(admin, "create", *CM, space, "c", given=config_map("c", space))
            if said.status:
                break
            delete(server, space, "c")
            time.sleep(0.1)
        assert said.code == "transient" and "the admission webhook check.liqo.example did not answer" in said.value["error"], said
    finally:
        server.request("DELETE", f"{hooks}/down")


def test_quota_and_pod_security_have_their_own_words(server, admin, space):
    server.request("POST", f"/api/v1/namespaces/{space}/resourcequotas", {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"count/secrets": "0"}}})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": space}}
    # Nobody counts what is there without a controller-manager: the quota's status is written by hand.
    server.request("PATCH", f"/api/v1/namespaces/{space}/resourcequotas/q/status",
                   {"status": {"hard": {"count/secrets": "0"}, "used": {"count/secrets": "0"}}}, "application/merge-patch+json")
    deadline = time.monotonic() + 15
    while (said := probe(admin, "create", "v1", "Secret", space, "s", given=secret)).status == 0 and time.monotonic() < deadline:
        server.request("DELETE", f"/api/v1/namespaces/{space}/secrets/s")
    assert said.code == "quota" and "ResourceQuota" in said.value["hint"], said
    server.request("PATCH", f"/api/v1/namespaces/{space}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}, "application/merge-patch+json")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": space}, "spec": {"hostNetwork": True, "containers": [{"name": "c", "image": "i"}]}}
    said = probe(admin, "apply", "v1", "Pod", space, "p", given=pod)
    assert said.code == "bad input" and "privileged" in said.value["hint"], said


def test_a_namespace_on_its_way_out_takes_nothing_new(server, admin, space):
    server.request("PATCH", f"/api/v1/namespaces/{space}", {"metadata": {"finalizers": ["example.org/x"]}}, "application/merge-patch+json")
    server.request("DELETE", f"/api/v1/namespaces/{space}")
    said = probe(admin, "create", *CM, space, "late", given=config_map("late", space))
    assert said.code == "state", said
    said = probe(admin, "gone", "v1", "Namespace", "-", space, "-", 200)
    assert said.code == "timeout" and "example.org/x" in said.value["error"] and "kubernetes" in said.value["error"]


# --- watches

def test_a_watch_tells_what_is_there_and_what_changes(server, admin, space, watching):
    post(server, space, "a")
    it = watching(admin, *CM, space, "-", "b")
    assert it.next() == {"event": "added", "name": "a", "value": "1"}
    assert it.next()["event"] == "synced"
    put(server, space, "a", "2")
    assert it.next() == {"event": "modified", "name": "a", "value": "2"}
    post(server, space, "b")
    delete(server, space, "b")
    assert [it.next()["event"] for _ in range(2)] == ["added", "deleted"]
    assert it.next()["deleted"] == 1


def test_a_watch_cut_in_the_middle_of_an_event_loses_nothing_and_repeats_nothing(server, proxy, awkward, space, watching):
    post(server, space, "a")
    proxy.fault("watch=true", cut_after=700)
    it = watching(awkward, *CM, space, "-", "z")
    it.until("", "synced")
    for i in range(10):
        post(server, space, f"m{i}")
    post(server, space, "z")
    delete(server, space, "z")
    seen = it.until("z", "deleted")
    assert [(e["event"], e["name"]) for e in seen] == [("added", f"m{i}") for i in range(10)] + [("added", "z"), ("deleted", "z")]
    assert len(proxy.seen("watch=true")) == 2
    assert len([r for r in proxy.seen("GET /api/v1/namespaces/") if "watch=true" not in r]) == 1  # no second list


def test_gone_makes_it_list_again_and_tells_only_what_changed(server, proxy, awkward, space, watching):
    for name in "abc":
        post(server, space, name)
    proxy.fault("watch=true", delay=1.5, event={"type": "ERROR", "object": gone()})
    it = watching(awkward, *CM, space, "-", "z")
    it.until("", "synced")
    put(server, space, "b", "2")  # while the watch is not there yet
    delete(server, space, "c")
    post(server, space, "d")
    again = it.until("", "synced")
    assert sorted((e["event"], e["name"]) for e in again) == [("added", "d"), ("deleted", "c"), ("modified", "b"), ("synced", "")]
    put(server, space, "a", "2")
    assert it.next() == {"event": "modified", "name": "a", "value": "2"}


def test_gone_as_an_http_answer_does_the_same(server, proxy, awkward, space, watching):
    post(server, space, "a")
    proxy.fault("watch=true", status=410, body=gone())
    it = watching(awkward, *CM, space, "-", "z")
    assert [it.next()["event"] for _ in range(3)] == ["added", "synced", "synced"]
    put(server, space, "a", "2")
    assert it.next()["event"] == "modified"


def test_a_server_that_ends_the_watch_is_asked_to_go_on(server, proxy, awkward, space, watching):
    it = watching(awkward, *CM, space, "-", "z", WATCH_SECONDS="1")
    it.until("", "synced")
    time.sleep(2.5)
    post(server, space, "a")
    assert it.next() == {"event": "added", "name": "a", "value": "1"}
    watches = proxy.seen("watch=true")
    assert 3 <= len(watches) <= 6, watches
    assert all("allowWatchBookmarks=true" in w for w in watches)


def test_a_busy_server_and_a_web_page_do_not_end_a_watch(server, proxy, awkward, space, watching):
    proxy.fault("watch=true", status=429, headers={"Retry-After": "1"})
    proxy.fault("watch=true", status=502, body=PAGE)
    proxy.fault("watch=true", cut_before=True)
    it = watching(awkward, *CM, space, "-", "z")
    it.until("", "synced")
    post(server, space, "a")
    assert it.next()["name"] == "a"


def test_a_watch_that_nobody_serves_any_more_ends_when_patience_is_over(proxy, awkward, space, watching):
    proxy.fault("watch=true", status=502, body=PAGE, times=1000)
    it = watching(awkward, *CM, space, "-", "z", PATIENCE="1")
    it.until("", "synced")
    last = it.next(timeout=60)
    assert last["code"] == "transient" and "web page" in last["error"]


def test_an_api_server_that_is_restarted_under_a_watch(server, admin, space, watching):
    post(server, space, "a")
    it = watching(admin, *CM, space, "-", "z")
    it.until("", "synced")
    server.stop()
    server.start()
    put(server, space, "a", "2")
    assert ("modified", "a") in [(e["event"], e["name"]) for e in it.until("a")]


def test_a_slow_server_is_waited_for(proxy, awkward):
    proxy.fault("/version", delay=3)
    assert probe(awkward, "version").seconds >= 3
