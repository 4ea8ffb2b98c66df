"""`fovea export --format onnx`, opened with ONNX Runtime."""

import json

import numpy as np
import onnxruntime
import pytest
from conftest import fovea

PROGRAM = f"ONNX Runtime {onnxruntime.__version__}"


@pytest.fixture(scope="module")
def session(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    fovea("export", model.path, "--format", "onnx", "--out", path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_onnx_runtime_gives_the_same_probabilities(model, session, results, batch):
    found = [session.run(None, {"image": model.nchw[i : i + batch]})[0] for i in range(0, 200, batch)]
    results.add("ONNX", "out", model, PROGRAM, model.difference(np.concatenate(found)))


def test_inputs_and_outputs_are_as_documented(model, session):
    (image,), (probabilities,) = session.get_inputs(), session.get_outputs()
    size = model.description["preprocess"]["size"]
    assert (image.name, image.type, image.shape) == ("image", "tensor(float)", ["batch", 3, size, size])
    assert probabilities.name == "probabilities"
    assert probabilities.shape == ["batch", len(model.classes)]


def test_the_metadata_describes_the_preprocessing(model, session):
    meta = session.get_modelmeta()
    text = meta.custom_metadata_map
    assert meta.producer_name == "fovea"
    assert text["fovea_version"] == fovea("--version").stdout.strip()
    assert text["weights_sha256"] == model.description["weights_sha256"]
    assert json.loads(text["classes"]) == model.classes
    preprocess, expected = json.loads(text["preprocess"]), model.description["preprocess"]
    assert (preprocess["size"], preprocess["fit"]) == (expected["size"], expected["fit"])
    np.testing.assert_array_equal(np.float32(preprocess["mean"]), np.float32(expected["mean"]))
    np.testing.assert_array_equal(np.float32(preprocess["std"]), np.float32(expected["std"]))
    assert np.float32(text["temperature"]) == np.float32(model.description["temperature"])
    assert "0 to 255" in text["input"] and "NCHW" in text["input"]
    for key, value in model.description["provenance"].items():
        assert text[f"provenance.{key}"] == value


def test_equal_models_give_equal_bytes(model, tmp_path):
    for name in ("a", "b"):
        fovea("export", model.path, "--format", "onnx", "--out", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_options_of_another_format_are_rejected(tmp_path):
    out = tmp_path / "x"
    done = fovea("export", "cifar10-small", "--format", "onnx", "--half", "--out", out, code=2)
    assert "--half applies to --format fovea, not to onnx" in done.stderr
    done = fovea("export", "cifar10-small", "--out", out, code=2)
    assert "--format fovea needs --data" in done.stderr
    assert not out.exists()
