#!/usr/bin/env python3
"""peering_rounds.py [--liqoctl] [ROUNDS]: peer and unpeer again and again, with Liqo's own controllers on two real clusters.

Prints the seconds of each round, and at the end how many were stuck. liqoctl sticks about once in five. Fifty rounds take a
quarter of an hour; the program is TOMBOLO, or build/release/tombolo. With --liqoctl, liqoctl peers by turns with it: what
both need to a Ready node, and the ratio; ours unpeers after either.
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))
import race  # noqa: E402
import world as worlds  # noqa: E402
from cluster import Cluster  # noqa: E402
from weather import cloud_config  # noqa: E402


def timed(cluster, *argv):
    begun = time.monotonic()
    cluster.run(*argv, code=None)
    return time.monotonic() - begun


def is_ready(cluster):
    return cluster.json("status")["clusters"]["peering"]["ready"]


def rounds_of_ours(cluster, rounds):
    times, stuck = [], 0
    for i in range(rounds):
        down, up = timed(cluster, "unpeer"), timed(cluster, "peer")
        stuck += not is_ready(cluster)
        times.append((down, up))
        print(f"{i + 1}: unpeer {down:.1f} s, peer {up:.1f} s", flush=True)
    print(f"{rounds} rounds, {stuck} stuck; median unpeer {statistics.median(d for d, _ in times):.1f} s, "
          f"peer {statistics.median(u for _, u in times):.1f} s")
    return stuck


def rounds_by_turns(world, cluster, rounds):
    at_home = world.cluster_at_home
    resources = json.loads(at_home.kubectl("get", "resourceslices.authentication.liqo.io", "-A", "-o", "json"))["items"][0]["spec"]
    amounts = [a for name in ("cpu", "memory", "pods") for a in (f"--{name}", resources["resources"][name])]
    node, remote, ours, theirs = resources["providerClusterID"], cloud_config(cluster), [], []
    for i in range(rounds):
        cluster.run("unpeer")
        ours.append(race.our_seconds(cluster))
        cluster.run("unpeer")
        theirs.append(race.their_seconds(world, cluster, at_home, node, amounts, remote))
        print(f"{i + 1}: to a Ready node {ours[-1]:.1f} s, liqoctl {theirs[-1]:.1f} s, {theirs[-1] / ours[-1]:.1f} x", flush=True)
    print(f"{rounds} rounds by turns: median {statistics.median(ours):.1f} s, liqoctl {statistics.median(theirs):.1f} s, "
          f"{statistics.median(theirs) / statistics.median(ours):.1f} x")
    return 0


def main(rounds, against_liqoctl):
    with tempfile.TemporaryDirectory(prefix="tombolo-rounds.") as folder:
        folder = pathlib.Path(folder)
        (folder / "cluster").mkdir()
        world = worlds.World(folder / "world")
        try:
            cluster = Cluster(world, folder / "cluster", name="rounds", distribution="k3s", kubeconfig=world.cluster_at_home.kubeconfig)
            cluster.up()
            stuck = rounds_by_turns(world, cluster, rounds) if against_liqoctl else rounds_of_ours(cluster, rounds)
            cluster.run("down", "--yes")
            return stuck > 0
        finally:
            world.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=50)
    parser.add_argument("--liqoctl", action="store_true")
    said = parser.parse_args()
    sys.exit(main(said.rounds, said.liqoctl))
