#!/usr/bin/env python3
"""Training speed with MPI ranks and with threads, by turns, and the bytes that the ranks exchange.

usage: bench/mpi/compare.py [ROUNDS]

Trains preset `small` with its recipe on 2,000 images of noise, and compares images/s of the second
epoch. The ratio of a case is the median of its ratios to the first case in the same round. Exits
with 1 if the weights of two cases differ. Needs build/release/fovea with libfovea_mpi.so, and mpirun.
"""

import json
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOVEA = ROOT / "build/release/fovea"
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]
EPOCHS = 2
# name -> (ranks, 0 = without mpirun; threads per rank)
CASES = {
    "1 process, 1 thread": (0, 1),
    "1 rank, 1 thread": (1, 1),
    "1 process, 2 threads": (0, 2),
    "2 ranks, 1 thread each": (2, 1),
}


def write_images(folder):
    """10 classes of 250 images, 32 x 32 pixels of noise, as BMP."""
    noise = random.Random(1)
    header = struct.pack("<2sIHHI", b"BM", 54 + 3072, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, 32, 32, 1, 24, 0, 3072, 2835, 2835, 0, 0)
    for label in range(10):
        (folder / f"class{label}").mkdir(parents=True)
        for i in range(250):
            (folder / f"class{label}" / f"{i}.bmp").write_bytes(header + noise.randbytes(3072))


def run(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def launcher(ranks, *options):
    return [*MPIRUN, *options, "-n", ranks] if ranks > 0 else []


def train(data, out, ranks, threads, *options, epochs=EPOCHS):
    """The events of the run."""
    arguments = ["train", "--data", "noise", "--data-dir", data, "--out", out]
    arguments += ["--epochs", epochs, "--threads", threads]
    output = run([*launcher(ranks, *options), FOVEA, *arguments])
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    return output, events


def images_per_second(events):
    return next(e for e in events if e["event"] == "epoch" and e["epoch"] == EPOCHS)["images_per_second"]


def compare(data, rounds):
    speeds = {name: [] for name in CASES}
    weights = set()
    for i in range(rounds):
        for name, (ranks, threads) in CASES.items():
            _, events = train(data, data / f"{i}-{name}", ranks, threads)
            speeds[name].append(images_per_second(events))
            weights.add(events[-1]["weights_sha256"])
            print(f"round {i + 1}: {name:<24}{speeds[name][-1]:8.0f} images/s", file=sys.stderr)
    base = next(iter(speeds.values()))
    print(f"{'case':<26}{'images/s':>9}{'ratio':>7}   smallest to largest ratio")
    for name, values in speeds.items():
        ratios = [value / first for value, first in zip(values, base)]
        print(
            f"{name:<26}{statistics.median(values):>9.0f}{statistics.median(ratios):>7.2f}"
            f"   {min(ratios):.2f} to {max(ratios):.2f}"
        )
    runs = rounds * len(CASES)
    print(
        f"weights: the same in all {runs} runs"
        if len(weights) == 1
        else f"weights: {len(weights)} in {runs} runs"
    )
    return len(weights) == 1


def measure_volume(data, ranks):
    """Bytes and messages per rank and step, counted by Open MPI's monitoring component."""
    counts = []
    for epochs in (1, 2):  # the difference leaves out start and end
        prefix = data / f"volume-{ranks}-{epochs}"
        options = ["--mca", "pml_monitoring_enable", 1, "--mca", "pml_monitoring_enable_output", 3]
        options += ["--mca", "pml_monitoring_filename", prefix]
        _, events = train(data, data / f"volume-run-{ranks}-{epochs}", ranks, 1, *options, epochs=epochs)
        text = "".join(p.read_text() for p in data.glob(prefix.name + "*.prof"))
        sent = re.findall(r"^[EI]\t\d+\t\d+\t(\d+) bytes\t(\d+) msgs", text, re.M)
        counts.append((sum(int(b) for b, _ in sent), sum(int(m) for _, m in sent)))
    start = next(e for e in events if e["event"] == "start")
    steps = -(-start["train_images"] // 128)
    size, messages = ((second - first) / steps / ranks for first, second in zip(*counts))
    gradient = 4 * start["parameters"]
    print(
        f"{ranks} ranks: {size / 1e6:.2f} MB in {messages:.0f} messages per rank and step, "
        f"{size / gradient:.2f} times the gradient ({gradient / 1e6:.2f} MB)"
    )


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_images(data / "images")
        run([FOVEA, "data", "import", data / "images", "--name", "noise", "--data-dir", data])
        same = compare(data, rounds)
        for ranks in (2, 4):
            measure_volume(data, ranks)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
