"""Models, images and results for the tests of exchange formats. ./tools/test exchange runs them.

The images are 200 files of the CIFAR-10 test split, decoded once and stored as PNG in the input size of the
model, so that every program gets the same pixels.
"""

import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

ROOT = Path(__file__).parents[2]
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build/release/fovea"))
SHARED = Path(os.environ.get("FOVEA_SHARED_DATA", ROOT.parent / "shared/data"))
CIFAR = SHARED / "cifar10-jpeg.tar.xz"
TORCH = ROOT / "build/torch-venv/bin/python"
RESULTS = ROOT / "build/exchange/results.json"
IMAGES = 200
LIMIT = 1e-5  # of the difference of a probability


def fovea(*arguments, code=0):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def torch_worker(*arguments):
    script = Path(__file__).parent / "torch_worker.py"
    done = subprocess.run([TORCH, script, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def assert_same_weights(path, other):
    """The tensors of two model files are equal as 32-bit floats; a file may store them as 16-bit floats."""
    a, b = load_file(path), load_file(other)
    assert a.keys() == b.keys()
    for name, values in a.items():
        np.testing.assert_array_equal(values.astype(np.float32), b[name].astype(np.float32), err_msg=name)


def presets():
    """The names of all presets, from the program."""
    line = fovea("import", "--help").stdout
    return re.search(r"--preset NAME:\{([^}]*)\}", line).group(1).split(",")


class ModelUnderTest:
    """A model file with its 200 images and what `fovea predict` says about them."""

    def __init__(self, name, path, images, folder):
        self.name, self.path = name, path
        self.description = json.loads(fovea("inspect", "--json", path).stdout)
        self.classes = self.description["classes"]
        size = self.description["preprocess"]["size"]
        folder.mkdir()
        self.files, pixels = [], []
        for i, image in enumerate(images):
            square = image.resize((size, size), Image.Resampling.BILINEAR)
            self.files.append(folder / f"{i:03}.png")
            square.save(self.files[-1])
            pixels.append(np.asarray(square))
        self.pixels = np.stack(pixels)  # {n, h, w, c}, bytes
        self.nhwc = self.pixels.astype(np.float32)
        self.nchw = np.ascontiguousarray(self.nhwc.transpose(0, 3, 1, 2))
        self.pixel_file = folder / "pixels.npy"
        np.save(self.pixel_file, self.pixels)
        self.expected = self.predict(path)
        # The comparison means something only if the predictions vary.
        assert self.expected.std(axis=0).max() > 0.01

    def predict(self, path):
        """Probabilities {n, classes} of `fovea predict` with a model file."""
        lines = fovea("predict", "--json", path, *self.files).stdout.splitlines()
        return np.array(
            [[json.loads(line)["probabilities"][name] for name in self.classes] for line in lines]
        )

    def difference(self, probabilities):
        assert probabilities.shape == (IMAGES, len(self.classes))
        assert np.isfinite(probabilities).all()
        return float(np.abs(probabilities - self.expected).max())


def read_members(archive, wanted):
    """{name: bytes} of the files in a tar archive that `wanted` selects, read in one pass."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and wanted(member.name):
                found[member.name] = tar.extractfile(member).read()
    return found


@pytest.fixture(scope="session")
def cifar():
    """The first 20 test images and 60 training images of each class."""
    if not CIFAR.exists():
        pytest.skip(f"SKIPPED: {CIFAR} is missing")

    def wanted(name):
        path = Path(name)  # train/bird/0017.jpg
        return int(path.stem) < (20 if path.parts[0] == "test" else 60)

    return read_members(CIFAR, wanted)


@pytest.fixture(scope="session")
def images(cifar, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cifar")
    images = []
    for i, name in enumerate(sorted(name for name in cifar if name.startswith("test/"))):
        path = folder / f"{i}.jpg"
        path.write_bytes(cifar[name])
        images.append(Image.open(path).convert("RGB"))
    assert len(images) == IMAGES
    return images


@pytest.fixture(scope="session")
def trained(cifar, tmp_path_factory):
    """A model of every preset, trained for two epochs on 600 images: {preset: path}."""
    folder = tmp_path_factory.mktemp("trained")
    for name, data in cifar.items():
        if name.startswith("train/"):
            path = folder / "images" / Path(name).relative_to("train")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    where = ["--data-dir", folder / "data"]
    fovea("data", "import", folder / "images", "--name", "cifar600", *where)
    models = {}
    for preset in presets():
        run = folder / preset
        options = ["--data", "cifar600", "--preset", preset, "--epochs", "2", "--out", run]
        fovea("train", *options, *where)
        models[preset] = run / "model.safetensors"
    return models


# The bundled model, one of every preset, and the model of the unit tests, which has a residual block, GELU
# and batch norm after a flatten.
NAMES = ["cifar10-small", *presets(), "model-v1"]


@pytest.fixture(scope="session", params=NAMES)
def model(request, images, tmp_path_factory):
    known = {
        "cifar10-small": ROOT / "models/cifar10-small.safetensors",
        "model-v1": ROOT / "tests/data/model-v1.safetensors",
    }
    path = known.get(request.param) or request.getfixturevalue("trained")[request.param]
    return ModelUnderTest(request.param, path, images, tmp_path_factory.mktemp("model") / "images")


class Results:
    """The differences that the tests measured, for docs/formats.md."""

    def __init__(self):
        self.rows = {}

    def add(self, row, direction, model, program, difference):
        """Asserts the limit and keeps the difference."""
        assert difference <= LIMIT, f"{row}, {model.name}: {difference}"
        entry = self.rows.setdefault(f"{row}|{direction}", {"program": program, "differences": {}})
        differences = entry["differences"]
        differences[model.name] = max(difference, differences.get(model.name, 0))


@pytest.fixture(scope="session")
def results():
    results = Results()
    yield results
    # Only a complete run may replace the numbers in the document.
    if any(row["differences"].keys() != set(NAMES) for row in results.rows.values()):
        return
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"images": IMAGES, "rows": results.rows}, indent=2) + "\n")
