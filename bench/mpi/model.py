#!/usr/bin/env python3
"""A model of the time of a training step on several hosts; docs/distributed-training.md explains it.

usage: bench/mpi/model.py [--lane-ms MS]

Prints the table of that document. Nothing is measured here: --lane-ms is the time of one lane of 32
images on one core, 32 / (images/s of one thread of bench/mpi/compare.py); the rest are assumptions.
"""

import argparse

PARAMETERS = 846_570  # preset small, 32 x 32 pixels, 10 classes
PIECE = 64 * 1024  # bytes of a message
ADDING = 8e9  # bytes/s at which a host adds the gradients of its lanes to a sum
NETWORKS = {"10 GbE": (30e-6, 1.1e9), "1 GbE": (50e-6, 0.115e9)}  # latency of a hop, bytes/s per direction


def step_seconds(hosts, cores, lanes_per_host, lane_seconds, latency, bandwidth):
    """Compute and communication of a step.

    The sum goes through the chain of hosts in pieces, each host adding its lanes, and from the last
    host around the ring. A piece takes `hop` to the next host, and pieces follow each other at
    intervals of `interval`. The way around the ring is hidden: rank i gets the sum, starts the next
    step and is needed by the chain later than rank 0 by i hops.
    """
    compute = -(-lanes_per_host // cores) * lane_seconds
    if hosts == 1:
        return compute, 0.0
    pieces = 4 * PARAMETERS / PIECE
    adding = lanes_per_host * PIECE / ADDING
    transfer = PIECE / bandwidth
    hop = latency + transfer + adding
    interval = max(transfer, adding)
    communication = max(hosts * hop + pieces * interval, 2 * pieces * transfer)
    return compute, communication


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lane-ms", type=float, default=69.0)
    lane = parser.parse_args().lane_ms / 1e3
    columns = ["network", "cores per host", "hosts", "batch", "compute, ms", "communication, ms"]
    columns += ["speed-up over one host", "efficiency"]
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for network, (latency, bandwidth) in NETWORKS.items():
        for cores in (4, 16):
            for hosts in (4, 8, 16, 32, 64):
                compute, communication = step_seconds(hosts, cores, cores, lane, latency, bandwidth)
                efficiency = compute / (compute + communication)
                print(
                    f"| {network} | {cores} | {hosts} | {32 * cores * hosts:,} | {1e3 * compute:.0f} "
                    f"| {1e3 * communication:.0f} | {hosts * efficiency:.1f} | {100 * efficiency:.0f} % |"
                )


if __name__ == "__main__":
    main()
