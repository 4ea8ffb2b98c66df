#!/usr/bin/env python3
"""Times from photographs to an active model, and the memory of the server.

usage: times.py FOVEA HANDS_TAR

Starts a server in a new data directory with the installed backbone, uploads 5 x 40 photographs of
hand signs, trains, and continues with up to 5 x 200 and 5 x 210. Prints the seconds from the
beginning of each upload until the new version is active. Needs no packages.
"""

import io
import json
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

BACKBONE = "efficientnet-lite0"
STEPS = ((0, 40), (40, 200), (200, 210))  # of each class, the photographs from ... to
PROJECT = "/api/v1/projects/hands"


class Server:
    def __init__(self, program, folder):
        (folder / "backbones").mkdir(parents=True)
        lines = subprocess.run(
            [program, "backbone", "list"], capture_output=True, text=True, check=True
        ).stdout
        weights = next(line.split()[-1] for line in lines.splitlines() if line.startswith(BACKBONE))
        if not Path(weights).exists():
            raise SystemExit(f"{BACKBONE} is not installed: ./tools/setup backbone")
        shutil.copy(weights, folder / "backbones")
        command = [
            program,
            "serve",
            "--port",
            "0",
            "--data-dir",
            folder,
            "--model",
            "models/cifar10-small.safetensors",
        ]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.address = re.search(r"http://[^\s/]+", self.process.stdout.readline()).group()

    def call(self, path, data=None, kind="application/json"):
        request = urllib.request.Request(self.address + path, data=data)
        if data is not None:
            request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def memory(self):
        """Resident memory in MiB: now, and the largest."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"{key}:\s+(\d+)", text).group(1)) // 1024 for key in ("VmRSS", "VmHWM")]


def photographs(tar, folder):
    with tarfile.open(tar) as archive:
        archive.extractall(folder)
    classes = {}
    for directory in sorted((folder / "hands").iterdir()):
        files = sorted(directory.iterdir())
        random.Random(0).shuffle(files)
        classes[directory.name] = files
    return classes


def zipped(classes, first, last):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for label, files in classes.items():
            for file in files[first:last]:
                archive.write(file, f"{label}/{file.name}")
    return out.getvalue()


def train(server, archive):
    start = time.monotonic()
    server.call(f"{PROJECT}/dataset/images", archive, "application/zip")
    job = server.call(f"{PROJECT}/jobs", b'{"kind": "retrain"}')
    while job["state"] not in ("succeeded", "failed"):
        time.sleep(0.05)
        job = server.call(f"{PROJECT}/jobs/{job['id']}")
    if job["state"] == "failed" or not job["result"]["promoted"]:
        raise SystemExit(f"the training ended without a new version: {job.get('reason')}")
    return time.monotonic() - start, job["result"]["metrics"]["cross_validation"]["accuracy"]


def main():
    program, tar = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        classes = photographs(tar, folder)
        server = Server(program, folder / "data")
        try:
            server.call("/api/v1/projects", b'{"name": "hands"}')
            for first, last in STEPS:
                seconds, accuracy = train(server, zipped(classes, first, last))
                added = f"{5 * (last - first):5} photographs added, {5 * last:5} in all"
                print(f"{added}: {seconds:.1f} s, {100 * accuracy:.1f} % in cross-validation", flush=True)
            print("memory of the server with two models, MiB: {} now, {} largest".format(*server.memory()))
        finally:
            server.process.terminate()
            server.process.wait()


if __name__ == "__main__":
    main()
