"""`python -m tests.engines.ray_nodes FILE`: a Ray with two nodes, which lives as long as this.

Its head has no cores. FILE is told its address and the processes that are its two nodes.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from ray.cluster_utils import Cluster

from dpsrun.runs.files import write_whole

CORES, GPUS = 2, 2
"""Of each node, whatever the host has."""

SMALL = {"object_store_memory": 80 << 20}


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
    nodes = [cluster.add_node(num_cpus=CORES, num_gpus=GPUS, wait=False, **SMALL) for _ in "ab"]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    write_whole(Path(sys.argv[1]), json.dumps({"address": cluster.address, "nodes": raylets}))
    signal.pause()


if __name__ == "__main__":
    main()
