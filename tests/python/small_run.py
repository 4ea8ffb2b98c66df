"""A dataset and a training of seconds, for the tests of `fovea train`."""

import json
import os
import subprocess
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
EPOCHS = 4


def fovea(*arguments, code=0):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def make_halves(root, seed=5):
    """The dataset `halves` below `root`: 400 images of two classes, bright at the top or at the bottom."""
    rng = np.random.default_rng(seed)
    for label in ("top", "bottom"):
        folder = root / "images" / label
        folder.mkdir(parents=True)
        for i in range(200):
            pixels = rng.integers(0, 120, (32, 32, 3), dtype=np.uint8)
            pixels[: 16 if label == "top" else None, :, :][-16:] += 100
            Image.fromarray(pixels).save(folder / f"{i}.png")
    fovea("data", "import", root / "images", "--name", "halves", "--data-dir", root)
    return root


def train_arguments(data_dir, run, epochs=EPOCHS, lane=8):
    options = {"--data": "halves", "--data-dir": data_dir, "--preset": "tiny", "--out": run}
    options |= {"--epochs": epochs, "--batch": 16, "--lane": lane}
    return ["train", *(word for option in options.items() for word in option)]


def weights(run):
    model = json.loads(fovea("inspect", run / "model.safetensors", "--json").stdout)
    return model["weights_sha256"]


def wait_for_epochs(child, run, epochs):
    """Until that many epochs are in results.csv, or the process has ended."""
    table = run / "results.csv"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        if table.exists() and len(table.read_text().splitlines()) > epochs:
            break
        time.sleep(0.002)
