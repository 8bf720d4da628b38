"""The client's figures: 5,000 objects listed and watched in at most 60 MB, and within 1.2 x of curl fetching the same bytes."""
import concurrent.futures
import http.client
import json
import subprocess

import pytest
from conftest import config_map, probe

COUNT, PAGE = 5000, 500
SPACE = "figures"


@pytest.fixture(scope="module")
def many(server):
    server.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})

    def some(start):
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=server.tls)
        for i in range(start, COUNT, 4):
            connection.request("POST", f"/api/v1/namespaces/{SPACE}/configmaps", json.dumps(config_map(f"m{i:04}", SPACE, "x" * 2000)),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 201
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(some, range(4)))


def pages(server):
    path, out, token = f"{server.url}/api/v1/namespaces/{SPACE}/configmaps?limit={PAGE}", [], ""
    while True:
        out.append(path + (f"&continue={token}" if token else ""))
        token = server.request("GET", out[-1][len(server.url):])["metadata"].get("continue")
        if not token:
            return out


def curl(server, urls, tmp_path):
    """Seconds that curl needs for the same pages over one connection, its start left out as ours is."""
    config = tmp_path / "curl"
    config.write_text("".join(f'url = "{u}"\noutput = "{tmp_path}/page{i}"\n' for i, u in enumerate(urls)))
    said = subprocess.run(["curl", "-sS", "--http1.1", "--cacert", server.folder / "ca.crt", "--cert", server.folder / "admin.crt", "--key",
                           server.folder / "admin.key", "-w", "%{time_total}\n", "-K", config], capture_output=True, text=True, check=True)
    return sum(map(float, said.stdout.split()))


def test_a_list_costs_little_more_than_its_bytes(server, admin, many, tmp_path):
    ours, theirs = [], []
    for _ in range(5):  # by turns, so that a busy computer is busy for both
        theirs.append(curl(server, pages(server), tmp_path))
        said = probe(admin, "each", SPACE, PAGE).value
        assert said["count"] == COUNT
        ours.append(said["seconds"])
    print(f"list of {COUNT}: {min(ours):.3f} s, curl {min(theirs):.3f} s, peak {said['peak_kib'] / 1024:.1f} MiB")
    assert min(ours) <= 1.2 * min(theirs), (ours, theirs)
    assert said["peak_kib"] <= 60 * 1000


def test_a_watch_of_all_stays_small(server, admin, many, watching):
    it = watching(admin, "v1", "ConfigMap", SPACE, "-", "end", QUIET="1")
    assert it.next()["event"] == "synced"
    server.request("POST", f"/api/v1/namespaces/{SPACE}/configmaps", config_map("end", SPACE))
    server.request("DELETE", f"/api/v1/namespaces/{SPACE}/configmaps/end")
    last = it.next()
    print(f"watch of {COUNT}: peak {last['peak_kib'] / 1024:.1f} MiB")
    assert last["added"] == COUNT + 1 and last["deleted"] == 1
    assert last["peak_kib"] <= 60 * 1000
