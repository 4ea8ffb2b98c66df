#!/usr/bin/python3
"""Benchmarks the network of preset `small` in PyTorch and prints the same JSON lines as bench_network.

usage: torch_small.py train|infer THREADS

Written for Debian's python3-torch. bench/peers/compare sets the environment; this script sets channels_last
and, for inference, fuses convolution and batch norm.
"""

import json
import os
import statistics
import sys
import time
from functools import partial

import torch
from torch import nn
from torch.nn import functional

RUN_SECONDS = 1.0
RUNS = 7


def small():
    """The layers of preset `small` (engine/model/presets.cpp), size 32, 10 classes."""
    layers, channels = [], 3
    for out in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            channels = out
        layers += [nn.MaxPool2d(2), nn.Dropout(0.1)]
    layers.append(nn.Flatten())
    features = 128 * 4 * 4
    for out in (256, 128):
        layers += [nn.Linear(features, out, bias=False), nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.3)]
        features = out
    return nn.Sequential(*layers, nn.Linear(features, 10))


def report(case, threads, unit, runs, **extra):
    print(
        json.dumps(
            {
                "case": case,
                "threads": threads,
                "value": statistics.median(runs),
                "unit": unit,
                "min": min(runs),
                "max": max(runs),
                "runs": len(runs),
                **extra,
                "engine": f"PyTorch {torch.__version__}",
                "commit": os.environ.get("FOVEA_COMMIT", "unknown"),
            }
        ),
        flush=True,
    )


def measure(amount, work):
    for _ in range(3):
        work()
    start = time.perf_counter()
    work()
    repeats = max(1, int(RUN_SECONDS / (time.perf_counter() - start)))
    rates = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        rates.append(amount * repeats / (time.perf_counter() - start))
    return rates


def train(threads, batch=64):
    model = small().train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = [
        (torch.randn(batch, 3, 32, 32).to(memory_format=torch.channels_last), torch.randint(0, 10, (batch,)))
        for _ in range(4)
    ]
    count = 0

    def step():
        nonlocal count
        x, labels = batches[count % len(batches)]
        count += 1
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    report("train small", threads, "images/s", measure(batch, step), batch=batch)


def infer(threads):
    model = small().eval()
    model = torch.jit.freeze(torch.jit.trace(model, torch.zeros(1, 3, 32, 32)))
    model = torch.jit.optimize_for_inference(model)
    with torch.no_grad():
        for batch in (1, 8, 32, 256):
            x = torch.randn(batch, 3, 32, 32)
            for _ in range(20):
                model(x)
            times = []
            end = time.perf_counter() + 3 * RUN_SECONDS
            while time.perf_counter() < end:
                start = time.perf_counter()
                model(x)
                times.append(time.perf_counter() - start)
            times.sort()
            report(
                "infer small",
                threads,
                "images/s",
                measure(batch, partial(model, x)),
                batch=batch,
                p50_ms=times[len(times) // 2] * 1e3,
                p99_ms=times[int(len(times) * 0.99)] * 1e3,
            )


def main():
    task, threads = sys.argv[1], int(sys.argv[2])
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    {"train": train, "infer": infer}[task](threads)


if __name__ == "__main__":
    main()
