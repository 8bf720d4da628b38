"""Logs, commands and ports of a pod: by way of a real kube-apiserver, with a stand-in where the kubelet would be."""
import http.server
import socket
import threading

import kubernetes as peers
import pytest
from awkward import Tunnel
from conftest import probe
from kubelet import Kubelet

SPACE = "streams"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """An API server that hands WebSockets on as they come: by itself it translates exec's to SPDY, which only a kubelet speaks."""
    it = peers.ApiServer(tmp_path_factory.mktemp("raw"), ["--feature-gates=TranslateStreamCloseWebsocketRequests=false"])
    it.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    yield it
    it.stop()


@pytest.fixture(scope="module")
def kubelet(raw):
    it = Kubelet(raw, SPACE)
    yield it
    it.stop()


@pytest.fixture(params=["v4.channel.k8s.io", "v5.channel.k8s.io"])
def config(request, raw, kubelet):
    kubelet.protocols = [request.param]
    return raw.kubeconfig()


@pytest.mark.parametrize("follow", [[], ["follow"]])
def test_a_log_comes_line_by_line(raw, kubelet, follow):
    said = probe(raw.kubeconfig(), "logs", SPACE, "p", *follow)
    assert said.lines == ["Handshake message received", "interface is active", "no line feed"]


def test_a_commands_output_errors_and_status(config):
    said = probe(config, "exec", SPACE, "p", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert said.value == {"status": 3, "out": "out\n", "err": "err\n"}
    assert probe(config, "exec", SPACE, "p", "true").value == {"status": 0, "out": "", "err": ""}


def test_pings_are_answered(config, kubelet):
    kubelet.pings.clear()
    assert probe(config, "exec", SPACE, "p", "sleep", "0.3").status == 0
    assert kubelet.pings == [b"are you there"]


def test_a_large_output_is_whole_and_has_a_limit(config):
    assert len(probe(config, "exec", SPACE, "p", "head", "-c", "1000000", "/dev/zero").value["out"]) == 1000000
    assert probe(config, "exec", SPACE, "p", "head", "-c", "2000000", "/dev/zero").code == "broken"


def test_input_reaches_the_command_and_ends(raw, kubelet):
    kubelet.protocols = ["v5.channel.k8s.io"]
    said = probe(raw.kubeconfig(), "exec-input", SPACE, "p", "wc", "-c", given="x" * 998)
    assert said.value["out"].strip() == "1000"  # with the quotes of JSON


def test_much_input_and_much_output_at_once_do_not_block_each_other(raw, kubelet):
    kubelet.protocols = ["v5.channel.k8s.io"]
    said = probe(raw.kubeconfig(), "exec-input", SPACE, "p", "cat", given="y" * 8_000_000, timeout=60)
    assert said.status == 0 and said.value["size"] == 8_000_002


def test_refusals_have_their_usual_form(raw, kubelet):
    assert probe(raw.kubeconfig(), "exec", SPACE, "absent", "true").code == "not found"
    jane = probe(raw.user("jane"), "exec", SPACE, "p", "true")
    assert jane.code == "permission" and 'resources: ["pods/exec"]' in jane.value["hint"], jane


def test_a_port_carries_bytes_both_ways(raw, kubelet):
    class Page(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            body = b"z" * 300_000
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    said = probe(raw.kubeconfig(), "port", SPACE, "p", pages.server_port, "GET / HTTP/1.0\r\n\r\n")
    pages.shutdown()
    assert said.value["begins"].startswith("HTTP/1.0 200") and said.value["size"] > 300_000


def test_a_port_where_nothing_listens(raw, kubelet):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        free = s.getsockname()[1]
    said = probe(raw.kubeconfig(), "port", SPACE, "p", free, "hello")
    assert said.code == "unreachable" and "Connection refused" in said.value["error"]


def test_everything_goes_through_the_proxy_that_the_kubeconfig_names(raw, kubelet):
    proxy = Tunnel()
    config = raw.kubeconfig(**{"proxy-url": proxy.url})
    assert probe(config, "version").status == 0
    assert probe(config, "exec", SPACE, "p", "echo", "x").value["out"] == "x\n"
    proxy.stop()
    assert proxy.asked == [f"CONNECT 127.0.0.1:{raw.port} HTTP/1.1"] * 2
