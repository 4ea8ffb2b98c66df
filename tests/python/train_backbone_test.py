"""fovea train --backbone, on a network with random weights, which separate colours well enough."""

import json
import signal
import subprocess
import time

import numpy as np
import pytest
from PIL import Image
from random_backbone import write_random_backbone
from small_run import FOVEA, fovea, weights

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
COLOURS = {"blue": (40, 40, 200), "green": (40, 200, 40), "red": (200, 40, 40)}


def add_images(folder, count, first=0):
    for label, colour in COLOURS.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(first, first + count):
            noise = np.random.default_rng(i).integers(-30, 30, (48, 48, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i}.png")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    root = tmp_path_factory.mktemp("backbone")
    file = root / "weights.pth"
    write_random_backbone(file)
    fovea("backbone", "import", file, "--data-dir", root)
    add_images(root / "images", 12)
    fovea("data", "import", root / "images", "--name", "colours", "--data-dir", root)
    return root


def train(data_dir, run, *options, code=0):
    return fovea(
        *("train", "--data", "colours", "--backbone", "efficientnet-lite0", "--size", 64),
        *("--data-dir", data_dir, "--out", run, *options),
        code=code,
    )


def test_training_on_a_backbone_gives_a_model_that_predicts(data_dir, tmp_path):
    printed = train(data_dir, data_dir / "first").stdout
    assert "3 classes" in printed
    assert "Accuracy in 5-fold cross-validation: 100.0 %" in printed
    model = data_dir / "first" / "model.safetensors"
    result = json.loads(fovea("eval", model, "--data", "colours", "--data-dir", data_dir, "--json").stdout)
    assert result["accuracy"] == 1
    add_images(tmp_path, 1, first=999)
    predicted = json.loads(fovea("predict", model, tmp_path / "red" / "999.png", "--json").stdout)
    assert predicted["label"] == "red"
    assert predicted["unknown"] is False
    inspected = json.loads(fovea("inspect", model, "--json").stdout)
    assert inspected["provenance"]["backbone"] == "efficientnet-lite0"
    assert inspected["provenance"]["train_images"] == "33"
    assert inspected["novelty"]["images"] == 33 and inspected["novelty"]["references"] == 33
    assert inspected["novelty"]["threshold"] > predicted["distance"] > 0
    stripes = np.zeros((48, 48, 3), np.uint8)
    stripes[::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    foreign = fovea("predict", model, tmp_path / "stripes.png").stdout
    assert "unknown: resembles nothing the model was trained on" in foreign
    licence = "unknown: not one of the published files"  # as `fovea backbone import` recorded it
    assert inspected["provenance"]["backbone_licence"] == licence
    plan = json.loads((data_dir / "first" / "run.json").read_text())
    assert plan["command"].startswith("fovea train --data colours --backbone efficientnet-lite0 --size 64")
    assert plan["metrics"]["cross_validated_accuracy"] == 1


def test_features_are_computed_once_and_any_number_of_threads_gives_the_same_weights(data_dir, tmp_path):
    train(data_dir, tmp_path / "warm-up")
    again = train(data_dir, tmp_path / "again", "--threads", 1)
    assert "33 images, 0 computed" in again.stdout  # without those of the test split
    assert weights(tmp_path / "again") == weights(tmp_path / "warm-up")
    (cache,) = (data_dir / "datasets" / "colours" / "features").iterdir()
    cache.write_bytes(cache.read_bytes()[:-1])
    damaged = train(data_dir, tmp_path / "damaged")
    assert "33 images, 33 computed" in damaged.stdout
    assert "Stored features were not used" in damaged.stdout
    assert weights(tmp_path / "damaged") == weights(tmp_path / "warm-up")


def test_training_on_a_backbone_can_be_stopped(data_dir, tmp_path):
    for cache in (data_dir / "datasets" / "colours" / "features").glob("*"):
        cache.unlink()
    command = ["train", "--data", "colours", "--backbone", "efficientnet-lite0", "--size", "256"]
    child = subprocess.Popen(
        [FOVEA, *command, "--data-dir", data_dir, "--out", tmp_path / "run", "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdout.readline()
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    if child.returncode == 0:
        pytest.skip("SKIPPED: the training ended before the signal was sent")
    assert child.returncode == -signal.SIGINT
    assert "Stopped" in stderr
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_fine_tuning_is_evaluated_on_held_out_images(data_dir, tmp_path):
    printed = train(data_dir, tmp_path / "tuned", "--fine-tune").stdout
    assert "Fine-tuning: " in printed
    assert "Of 33 held-out images, 100.0 % were classified correctly with the pretrained layers" in printed
    plan = json.loads((tmp_path / "tuned" / "run.json").read_text())
    assert plan["command"].endswith("--fine-tune")
    verdict = plan["metrics"]["fine_tuning"]
    assert verdict["images"] == 33 and verdict["frozen_accuracy"] == 1
    train(data_dir, tmp_path / "frozen")
    same = weights(tmp_path / "tuned") == weights(tmp_path / "frozen")
    kept = "The fine-tuned network was kept." in printed
    assert kept == verdict["kept"] and kept != same
    assert kept or "The pretrained layers were kept" in printed


def test_stopped_fine_tuning_keeps_the_head(data_dir, tmp_path):
    command = ["train", "--data", "colours", "--backbone", "efficientnet-lite0", "--size", "128"]
    child = subprocess.Popen(
        [FOVEA, *command, "--fine-tune", "--data-dir", data_dir, "--out", tmp_path / "run", "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdout.readline()
    # Features and head take about a second, fine-tuning more than ten.
    cache = data_dir / "datasets" / "colours" / "features"
    known = len(list(cache.iterdir()))
    for _ in range(600):
        if len(list(cache.iterdir())) > known:
            break
        time.sleep(0.1)
    time.sleep(2)
    child.send_signal(signal.SIGINT)
    stdout, _ = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGINT, stdout
    assert "Fine-tuning was stopped. The network keeps the pretrained layers." in stdout
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["metrics"]["fine_tuning"]["stopped"]


def test_what_does_not_fit_together_is_rejected_with_the_reason(data_dir, tmp_path):
    alone = fovea("train", "--data", "colours", "--fine-tune", "--data-dir", data_dir, code=2).stderr
    assert "--fine-tune requires --backbone" in alone
    rejected = train(data_dir, tmp_path / "run", "--epochs", 3, code=2).stderr
    assert "--backbone cannot be combined with --epochs" in rejected
    missing = fovea(
        *("train", "--data", "colours", "--backbone", "efficientnet-lite1", "--data-dir", data_dir), code=1
    ).stderr
    assert "backbone efficientnet-lite1 is not installed" in missing
    assert "./tools/setup backbone efficientnet-lite1" in missing
    other = fovea("train", "--data", "colours", "--backbone", "resnet50", code=2).stderr
    assert "resnet50" in other
    again = train(data_dir, data_dir / "first", code=1).stderr
    assert "already contains a run" in again
