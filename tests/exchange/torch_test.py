"""Model files opened with PyTorch by tools/exchange/fovea_torch.py, and state dicts imported from there."""

import json
import subprocess

import numpy as np
import pytest
from conftest import LIMIT, NAMES, ROOT, TORCH, assert_same_weights, fovea, presets, torch_worker
from safetensors import safe_open
from safetensors.numpy import load_file, save_file


@pytest.fixture(scope="module")
def program():
    return f"PyTorch {torch_worker('version')}"


def test_pytorch_gives_the_same_probabilities(model, program, results, tmp_path):
    out = tmp_path / "probabilities.npy"
    torch_worker("predict", model.path, model.pixel_file, out)
    results.add("Model file (safetensors)", "out", model, program, model.difference(np.load(out)))


def test_a_network_trained_in_pytorch_is_imported(model, program, results, tmp_path):
    state, predictions, out = tmp_path / "state.safetensors", tmp_path / "p.npy", tmp_path / "out.safetensors"
    torch_worker("train", model.path, model.pixel_file, state, predictions)
    expected = np.load(predictions)
    assert model.difference(expected) > 100 * LIMIT  # training changed the model
    fovea("import", state, "--like", model.path, "--out", out)
    difference = float(np.abs(model.predict(out) - expected).max())
    results.add("PyTorch state dict (safetensors)", "in", model, program, difference)


# A residual block has the names of an nn.Sequential only.
@pytest.mark.parametrize("model", [name for name in NAMES if name != "model-v1"], indirect=True)
def test_names_of_an_own_class_are_matched(model, trained, tmp_path):
    state, out = tmp_path / "state.safetensors", tmp_path / "out.safetensors"
    torch_worker("own-names", model.path, state)
    with safe_open(state, "np") as file:
        assert {"conv1.weight", "bn1.running_mean", "fc1.weight"} <= set(file.keys())
    fovea("import", state, "--like", model.path, "--out", out)
    assert_same_weights(out, model.path)
    assert model.difference(model.predict(out)) == 0


@pytest.mark.parametrize("model", presets(), indirect=True)
def test_a_preset_replaces_the_model_to_compare_with(model, tmp_path):
    preset = model.description["provenance"]["preset"]
    p = model.description["preprocess"]
    state, out = tmp_path / "state.safetensors", tmp_path / "out.safetensors"
    torch_worker("own-names", model.path, state)
    rgb = [f"--{key}={','.join(map(str, p[key]))}" for key in ("mean", "std")]
    options = ["--preset", preset, "--size", p["size"], "--fit", p["fit"], *rgb]
    fovea("import", state, *options, "--classes", ",".join(model.classes), "--out", out)
    assert_same_weights(out, model.path)
    back = json.loads(fovea("inspect", "--json", out).stdout)
    assert back["preprocess"] == p and back["classes"] == model.classes


# Damaged and hostile files. Each function changes the tensors of a valid file, {name: array}.


def missing_tensor(state):
    del state["conv2.weight"]


def missing_bias(state):
    del state["fc1.bias"]


def extra_tensor(state):
    state["attention.scale"] = np.zeros(3, np.float32)


def other_shape(state):
    state["conv2.weight"] = np.zeros((32, 16, 5, 5), np.float32)


def not_finite(state):
    state["conv1.weight"][0, 0, 0, 0] = np.inf


def negative_variance(state):
    state["bn2.running_var"][3] = -1


def unknown_order(state):
    state["stem.weight"] = state.pop("conv2.weight")


def whole_numbers(state):
    state["fc1.bias"] = np.zeros(10, np.int64)


HOSTILE = {
    missing_tensor: "it has 2 convolutions (conv1, conv3), the network has 3",
    missing_bias: "tensor fc1.bias is missing",
    extra_tensor: "tensor attention.scale is not part of the network",
    other_shape: "tensor conv2.weight has shape [32, 16, 5, 5]; the network needs [32, 16, 3, 3]",
    not_finite: "tensor 0.weight holds inf",
    negative_variance: "tensor 5.running_var holds -1",
    unknown_order: "the order of the convolutions conv1 and stem is not known",
    whole_numbers: "tensor fc1.bias has dtype I64",
}


@pytest.fixture(scope="module")
def state(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("state") / "state.safetensors"
    torch_worker("own-names", trained["tiny"], path)
    return path


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_hostile_state_dicts_are_rejected_with_the_reason(change, state, trained, tmp_path):
    path, out = tmp_path / "hostile.safetensors", tmp_path / "out.safetensors"
    tensors = {name: array.copy() for name, array in load_file(state).items()}
    change(tensors)
    save_file(tensors, path)
    done = fovea("import", path, "--like", trained["tiny"], "--out", out, code=1)
    assert HOSTILE[change] in done.stderr
    assert not out.exists()


def test_truncated_state_dicts_are_rejected(state, trained, tmp_path):
    whole = state.read_bytes()
    for length in [0, 7, 8, 100, *range(1000, len(whole), len(whole) // 23), len(whole) - 1]:
        (tmp_path / "short").write_bytes(whole[:length])
        fovea("import", tmp_path / "short", "--like", trained["tiny"], "--out", tmp_path / "out", code=1)


def test_a_header_cannot_claim_more_than_the_file_has(trained, tmp_path):
    header = b'{"conv1.weight":{"dtype":"F32","shape":[1073741824],"data_offsets":[0,4294967296]}}'
    (tmp_path / "huge").write_bytes(len(header).to_bytes(8, "little") + header)
    done = fovea("import", tmp_path / "huge", "--like", trained["tiny"], "--out", tmp_path / "out", code=1)
    assert "ends at byte 4294967296" in done.stderr


def test_a_state_dict_needs_a_network(state, tmp_path):
    done = fovea("import", state, "--out", tmp_path / "out", code=2)
    assert "--like MODEL, or --preset" in done.stderr


def test_the_script_writes_a_state_dict(trained, tmp_path):
    script = ROOT / "tools/exchange/fovea_torch.py"
    out = tmp_path / "state.safetensors"
    done = subprocess.run([TORCH, script, trained["tiny"], out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    fovea("import", out, "--like", trained["tiny"], "--out", tmp_path / "back.safetensors")
    assert_same_weights(tmp_path / "back.safetensors", trained["tiny"])
