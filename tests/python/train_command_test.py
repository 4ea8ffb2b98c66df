"""fovea train: interrupted, killed and resumed runs give the same weights."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
EPOCHS = 4


def fovea(*arguments, code=0):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """400 images of two classes, bright at the top or at the bottom."""
    root = tmp_path_factory.mktemp("train")
    rng = np.random.default_rng(5)
    for label in ("top", "bottom"):
        folder = root / "images" / label
        folder.mkdir(parents=True)
        for i in range(200):
            pixels = rng.integers(0, 120, (32, 32, 3), dtype=np.uint8)
            pixels[: 16 if label == "top" else None, :, :][-16:] += 100
            Image.fromarray(pixels).save(folder / f"{i}.png")
    fovea("data", "import", root / "images", "--name", "halves", "--data-dir", root)
    return root


def train_arguments(data_dir, run):
    return [
        "train",
        "--data",
        "halves",
        "--data-dir",
        data_dir,
        "--preset",
        "tiny",
        "--out",
        run,
        "--epochs",
        EPOCHS,
        "--batch",
        16,
        "--lane",
        8,
    ]


def weights(run):
    model = json.loads(fovea("inspect", run / "model.safetensors", "--json").stdout)
    return model["weights_sha256"]


@pytest.fixture(scope="module")
def whole(data_dir):
    run = data_dir / "whole"
    fovea(*train_arguments(data_dir, run), "--threads", 2)
    return weights(run)


def start_and_signal(data_dir, run, number):
    """Starts a run and sends a signal once two epochs are in results.csv. Returns exit code and stderr."""
    child = subprocess.Popen(
        [FOVEA, *map(str, train_arguments(data_dir, run)), "--threads", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    table = run / "results.csv"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        if table.exists() and len(table.read_text().splitlines()) >= 3:
            break
        time.sleep(0.002)
    child.send_signal(number)
    _, stderr = child.communicate(timeout=60)
    return child.returncode, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_or_killed_run_resumes_to_the_same_weights(data_dir, whole, number):
    run = data_dir / f"stopped-{number}"
    code, stderr = start_and_signal(data_dir, run, number)
    if code == 0:
        pytest.skip("SKIPPED: the run ended before the signal was sent")
    assert code == -number
    if number != signal.SIGKILL:
        assert f"train --resume {run}" in stderr
    assert not (run / "model.safetensors").exists()
    fovea("train", "--resume", run, "--threads", 2)
    assert weights(run) == whole


def test_options_that_a_resume_would_ignore_are_rejected(data_dir, whole):
    done = fovea("train", "--resume", data_dir / "whole", "--epochs", 9, code=2)
    assert "--epochs" in done.stderr


@pytest.mark.parametrize("bad", ["rotate=nan", "lr=inf", "rotate=-1", "flip", "colour=1"])
def test_an_invalid_recipe_field_is_rejected_by_name(data_dir, bad):
    arguments = [*train_arguments(data_dir, data_dir / "bad"), "--set", bad]
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert bad.split("=")[0] in done.stderr


def test_a_trained_model_is_accurate_and_export_measures_it(data_dir, whole):
    out = data_dir / "exported.safetensors"
    fovea(
        "export",
        data_dir / "whole" / "model.safetensors",
        "--half",
        "--name",
        "halves",
        "--data",
        "halves",
        "--data-dir",
        data_dir,
        "--out",
        out,
    )
    model = json.loads(fovea("inspect", out, "--json").stdout)
    metrics = json.loads(model["provenance"]["metrics"])
    report = json.loads(fovea("eval", out, "--data", "halves", "--data-dir", data_dir, "--json").stdout)
    assert metrics["test_accuracy"] == report["accuracy"] > 0.9
    assert metrics["test_images"] == report["count"] == 40
    assert model["provenance"]["name"] == "halves"
    assert out.stat().st_size < (data_dir / "whole" / "model.safetensors").stat().st_size
