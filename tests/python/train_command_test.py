"""fovea train: interrupted, killed and resumed runs give the same weights."""

import json
import signal
import subprocess

import numpy as np
import pytest
from PIL import Image
from small_run import FOVEA, ROOT, fovea, make_halves, train_arguments, wait_for_epochs, weights

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return make_halves(tmp_path_factory.mktemp("train"))


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
    wait_for_epochs(child, run, 2)
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


def test_a_dataset_of_one_class_is_refused_by_name(tmp_path):
    archive = ROOT / "tests" / "data" / "layouts" / "one-class.zip"
    fovea("data", "import", archive, "--name", "x", "--data-dir", tmp_path)
    options = ("--data", "x", "--data-dir", tmp_path, "--preset", "small", "--epochs", 1)
    error = fovea("train", *options, "--out", tmp_path / "run", code=1).stderr
    assert "dataset x has one class; two are needed" in error
    assert not (tmp_path / "run").exists()


def test_an_easy_training_set_of_few_images_leaves_doubt_about_an_image_between_the_classes(tmp_path):
    rng = np.random.default_rng(7)

    def fruit(folder, count, ripeness):
        folder.mkdir(parents=True)
        for i in range(count):
            pixels = np.zeros((48, 48, 3))
            pixels[8:40, 8:40] = [60 + 160 * ripeness, 200 - 140 * ripeness, 40]
            Image.fromarray((pixels + rng.uniform(0, 30, pixels.shape)).astype(np.uint8)).save(
                folder / f"{i}.png"
            )

    fruit(tmp_path / "images" / "ripe", 40, 1.0)
    fruit(tmp_path / "images" / "unripe", 40, 0.0)
    fruit(tmp_path / "half", 3, 0.5)
    run, data = tmp_path / "run", ("--data", "fruit", "--data-dir", tmp_path / "data")
    fovea("data", "import", tmp_path / "images", "--name", "fruit", "--data-dir", tmp_path / "data")
    done = fovea("train", *data, "--preset", "small", "--epochs", 10, "--out", run)
    assert "Too few images to calibrate: 8 validation images" in done.stdout
    model = run / "model.safetensors"
    for line in fovea("predict", model, *(tmp_path / "half").iterdir(), "--json").stdout.splitlines():
        assert json.loads(line)["probability"] < 0.99
    shown = json.loads(fovea("eval", model, *data, "--json").stdout)
    assert shown["accuracy"] == 1 and shown["accuracy_interval"][0] == pytest.approx(0.6756, abs=1e-4)
    assert shown["ece_interval"][0] == 0 and shown["ece_interval"][1] > 0.1
    assert shown["per_class"][0]["recall_interval"][0] == pytest.approx(0.5101, abs=1e-4)
