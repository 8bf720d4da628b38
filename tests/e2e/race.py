"""How long a peering takes to a Ready virtual node, ours and liqoctl's, on the same two clusters."""
import json
import time

from weather import LIQO, liqoctl, until


def nodes(at_home):
    return {n["metadata"]["name"]: n for n in json.loads(at_home.kubectl("get", "nodes", "-o", "json"))["items"]}


def is_ready(node):
    return {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"


def our_seconds(cluster):
    """To what ours says when the node is Ready. What it waits for then, that home finds the cloud healthy, liqoctl does not wait for."""
    begun = time.monotonic()
    run = cluster.start("peer")
    while "home to find the cloud healthy" not in run.text and run.process.poll() is None:
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    assert run.end() == 0, run.text
    return seconds


def their_seconds(world, cluster, at_home, node, amounts, remote):
    begun = time.monotonic()
    liqoctl(world, cluster, at_home, "peer", *LIQO, "--networking-disabled", *amounts, remote=remote, check=True)
    until(lambda: node in nodes(at_home) and is_ready(nodes(at_home)[node]), 60)
    return time.monotonic() - begun
