"""`python -m tests.engines.ray_nodes FILE`: a Ray with two nodes, which lives as long as this.

The head is one of them. FILE is told its address and the processes that are its nodes, the head's
last.
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

NODE = {"num_cpus": CORES, "num_gpus": GPUS, "object_store_memory": 80 << 20}
UNNEEDED = {"include_dashboard": False, "include_log_monitor": False}


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, **UNNEEDED})
    nodes = [cluster.add_node(**NODE), cluster.head_node]
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    write_whole(Path(sys.argv[1]), json.dumps({"address": cluster.address, "nodes": raylets}))
    signal.pause()


if __name__ == "__main__":
    main()
