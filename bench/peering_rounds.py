#!/usr/bin/env python3
"""peering_rounds.py [ROUNDS]: peer and unpeer again and again, with Liqo's own controllers on two real clusters (tests/e2e/world.py).

Prints the seconds of each round, and at the end how many were stuck. liqoctl sticks about once in five. Fifty rounds take a
quarter of an hour; the program is TOMBOLO, or build/release/tombolo.
"""
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))
import world as worlds  # noqa: E402
from cluster import Cluster  # noqa: E402


def timed(cluster, *argv):
    begun = time.monotonic()
    cluster.run(*argv, code=None)
    return time.monotonic() - begun


def is_ready(cluster):
    return cluster.json("status")["clusters"]["peering"]["ready"]


def main(rounds):
    with tempfile.TemporaryDirectory(prefix="tombolo-rounds.") as folder:
        folder = pathlib.Path(folder)
        (folder / "cluster").mkdir()
        world = worlds.World(folder / "world")
        try:
            cluster = Cluster(world, folder / "cluster", name="rounds", distribution="k3s", kubeconfig=world.cluster_at_home.kubeconfig)
            cluster.up()
            times, stuck = [], 0
            for i in range(rounds):
                down, up = timed(cluster, "unpeer"), timed(cluster, "peer")
                stuck += not is_ready(cluster)
                times.append((down, up))
                print(f"{i + 1}: unpeer {down:.1f} s, peer {up:.1f} s", flush=True)
            print(f"{rounds} rounds, {stuck} stuck; median unpeer {statistics.median(d for d, _ in times):.1f} s, "
                  f"peer {statistics.median(u for _, u in times):.1f} s")
            cluster.run("down", "--yes")
            return stuck > 0
        finally:
            world.stop()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
