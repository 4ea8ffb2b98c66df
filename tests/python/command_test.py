"""fovea predict, inspect and eval, with a model file of format version 1."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from metrics_cases import compute
from model_file_test import FILE, header_hash
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
CLASSES = ["cat", "dog", "b\u00e4r"]


def fovea(*arguments, code=0, cwd=None):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Random small images test/<class>/<n>.png, square and not square, with different counts per class."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(1)
    for label, count in zip(CLASSES, (7, 12, 5)):
        for n in range(count):
            path = folder / "test" / label / f"{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (6, 6 + n % 3 * 4, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
    return folder


def test_predict_prints_one_json_object_per_line(images):
    files = sorted(images.rglob("*.png"))
    lines = fovea("predict", FILE, *files, "--json", "--threads", 3).stdout.splitlines()
    assert len(lines) == len(files)
    for file, line in zip(files, map(json.loads, lines)):
        assert list(line) == ["file", "label", "index", "probability", "probabilities"]
        assert line["file"] == str(file)
        assert list(line["probabilities"]) == CLASSES
        p = list(line["probabilities"].values())
        assert sum(p) == pytest.approx(1, abs=1e-6)
        assert line["probability"] == max(p) == p[line["index"]]
        assert line["label"] == CLASSES[line["index"]]


def test_predict_orders_the_top_classes(images):
    file = next(images.rglob("*.png"))
    line = json.loads(fovea("predict", FILE, file, "--json", "--top-k", 2).stdout)
    p = sorted(line["probabilities"].values(), reverse=True)
    assert [entry["probability"] for entry in line["top"]] == p[:2]
    text = fovea("predict", FILE, file, "--top-k", 2).stdout
    assert line["top"][0]["label"] in text and line["top"][1]["label"] in text


def test_predict_reads_pipes(images):
    file = next(images.rglob("*.png"))
    expected = json.loads(fovea("predict", FILE, file, "--json").stdout)
    piped = subprocess.run(
        [FOVEA, "predict", FILE, "/dev/stdin", "--json"], input=file.read_bytes(), capture_output=True
    )
    assert json.loads(piped.stdout)["probabilities"] == expected["probabilities"]
    command = f"{FOVEA} predict {FILE} <(cat {file}) --json"
    substituted = subprocess.run(["bash", "-c", command], capture_output=True)
    assert json.loads(substituted.stdout)["probabilities"] == expected["probabilities"]


def test_the_largest_image_is_an_option_or_a_variable(tmp_path, monkeypatch):
    file = tmp_path / "large.png"
    Image.new("L", (1250, 1000)).save(file)
    assert "limit is 1000000" in fovea("predict", FILE, file, "--max-megapixels", 1, code=1).stdout
    monkeypatch.setenv("FOVEA_MAX_MEGAPIXELS", "1")
    assert "limit is 1000000" in fovea("predict", FILE, file, code=1).stdout
    fovea("predict", FILE, file, "--max-megapixels", 2)


def test_predict_reports_unreadable_files_and_classifies_the_others(images, tmp_path):
    good = next(images.rglob("*.png"))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    files = [tmp_path / "broken.jpg", good, tmp_path, tmp_path / "missing.png"]
    done = fovea("predict", FILE, *files, "--json", code=1)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(file) for file in files]
    assert ["error" in line for line in lines] == [True, False, True, True]
    assert "directory" in lines[2]["error"]
    assert "3 of 4 files could not be classified" in done.stderr


def test_a_model_can_be_named_without_its_folder(tmp_path):
    (tmp_path / "models").mkdir()
    shutil.copy(FILE, tmp_path / "models" / "small.safetensors")
    shown = json.loads(fovea("inspect", "small", "--json", cwd=tmp_path).stdout)
    assert shown["classes"] == CLASSES
    assert "models/other.safetensors" in fovea("inspect", "other", code=1, cwd=tmp_path).stderr


def test_inspect_shows_the_layers_and_the_provenance():
    shown = json.loads(fovea("inspect", FILE, "--json").stdout)
    assert shown["layers"][0] == {
        "name": "0",
        "kind": "Conv2d(3 -> 4, 3x3)",
        "output": [6, 6, 4],
        "parameters": 108,
        "flops": 2 * 27 * 4 * 36,
    }
    assert shown["parameters"] == sum(layer["parameters"] for layer in shown["layers"])
    assert shown["provenance"]["seed"] == "7"
    text = fovea("inspect", FILE).stdout
    assert shown["weights_sha256"] in text and "Conv2d(3 -> 4, 3x3)" in text


def test_the_program_in_the_format_documentation_edits_a_file(tmp_path):
    page = (ROOT / "docs/model-format.md").read_text()
    program = re.search(r"```python\n(.*?)```", page, re.S)[1]
    shutil.copy(FILE, tmp_path / "model.safetensors")
    subprocess.run(["python3", "-c", program], cwd=tmp_path, check=True)
    stored, computed = header_hash((tmp_path / "model.safetensors").read_bytes())
    assert stored == computed
    shown = json.loads(fovea("inspect", tmp_path / "model.safetensors", "--json").stdout)
    assert shown["provenance"]["note"] == "checked manually"


def test_eval_agrees_with_scikit_learn_on_the_output_of_predict(images, tmp_path):
    fovea("data", "import", images, "--name", "tiny", "--data-dir", tmp_path)
    data = ("--data", "tiny", "--data-dir", tmp_path)
    shown = json.loads(fovea("eval", FILE, *data, "--json").stdout)
    files = sorted(images.rglob("*.png"))
    lines = fovea("predict", FILE, *files, "--json").stdout.splitlines()
    p = np.array([list(json.loads(line)["probabilities"].values()) for line in lines], np.float32)
    y = np.array([CLASSES.index(file.parent.name) for file in files])
    expected = compute(p, y)
    for key in ("accuracy", "log_loss", "brier", "ece"):
        assert shown[key] == pytest.approx(expected[key], abs=1e-6), key
    for average in ("macro", "weighted"):
        for part, value in zip(("precision", "recall", "f1"), expected[average]):
            assert shown[f"{average}_{part}"] == pytest.approx(value, abs=1e-9)
    for area in ("roc_auc", "pr_auc"):
        assert shown[f"{area}_ovr_macro"] == pytest.approx(expected[f"{area}_macro"], abs=1e-9)
    assert shown["confusion_matrix"] == expected["confusion"]
    assert [row["support"] for row in shown["per_class"]] == [7, 12, 5]
    assert shown["count"] == 24
    low, high = shown["ece_interval"]
    assert low <= shown["ece"] <= high
    for row in shown["per_class"]:
        for name in ("precision", "recall"):
            low, high = row[f"{name}_interval"]
            assert 0 <= low <= row[name] <= high <= 1
    assert f"accuracy        {100 * shown['accuracy']:6.2f} %" in fovea("eval", FILE, *data).stdout


def test_eval_rejects_a_dataset_with_unknown_classes(images, tmp_path):
    shutil.copytree(images / "test", tmp_path / "source" / "test")
    (tmp_path / "source" / "test" / "dog").rename(tmp_path / "source" / "test" / "horse")
    data_dir = ("--data-dir", tmp_path / "data")
    fovea("data", "import", tmp_path / "source", "--name", "other", *data_dir)
    done = fovea("eval", FILE, "--data", "other", *data_dir, code=1)
    assert "does not know: horse" in done.stderr


def test_the_operations_manual_lists_every_option_of_serve_with_its_default(monkeypatch):
    for name in [name for name in os.environ if name.startswith("FOVEA_")]:
        monkeypatch.delenv(name)
    options = {}
    for line in fovea("serve", "--print-config").stdout.splitlines():
        name, value = line.removesuffix("  # default").split(" =", 1)
        options[name] = value.strip()
    manual = (ROOT / "docs" / "operations.md").read_text()
    table = manual.split("## Settings", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `--([a-z0-9-]+)` \| (?:`(.*?)`)? ?\|", table, re.M)
    assert dict(rows) == options
