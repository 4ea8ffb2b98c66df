"""The three downloads of a version classify the same images in the same way."""

import base64
import json
import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from conftest import LIMIT, ROOT, fovea

sys.path.append(str(Path(__file__).parent.parent / "python"))
from running_server import RunningServer

HALF_LIMIT = 2e-3  # of a probability, when the weights are rounded to half precision
TEMPLATE = ROOT / "www/dist/standalone.html"


@pytest.fixture(scope="module")
def downloads(model, tmp_path_factory):
    """{format: path} of the model as version 1 of a server."""
    if not TEMPLATE.exists():
        pytest.skip(f"SKIPPED: {TEMPLATE} is missing; ./tools/test wasm builds it")
    folder = tmp_path_factory.mktemp("downloads")
    files = {name: folder / f"model.{name}" for name in ("safetensors", "onnx", "html")}
    with RunningServer(folder / "data", "--www", TEMPLATE.parent, model=model.path) as server:
        for name, path in files.items():
            status, content = server.request(f"/api/v1/models/champion/export?format={name}")
            assert status == 200, content
            path.write_bytes(content)
    return files


def embedded(html, name):
    return re.search(rf'<script [^>]*id="{name}">(.*?)</script>', html.read_text(), re.S).group(1)


def test_the_model_file_is_the_one_that_was_served(model, downloads):
    assert downloads["safetensors"].read_bytes() == Path(model.path).read_bytes()


def test_onnx_runtime_gives_the_probabilities_of_the_model_file(model, downloads):
    session = onnxruntime.InferenceSession(downloads["onnx"], providers=["CPUExecutionProvider"])
    assert model.difference(session.run(None, {"image": model.nchw})[0]) <= LIMIT


def test_the_model_in_the_html_file_gives_the_same_classes(model, downloads, tmp_path):
    inside = tmp_path / "inside.safetensors"
    inside.write_bytes(base64.b64decode(embedded(downloads["html"], "model"), validate=True))
    found = model.predict(inside)
    assert np.abs(found - model.expected).max() <= HALF_LIMIT
    best = np.sort(model.expected, axis=1)
    decided = best[:, -1] - best[:, -2] > 2 * HALF_LIMIT
    assert decided.sum() > 100
    assert (found.argmax(axis=1) == model.expected.argmax(axis=1))[decided].all()


def test_the_html_file_states_the_model_and_contains_the_engine(model, downloads):
    facts = json.loads(embedded(downloads["html"], "facts"))
    assert facts["weights_sha256"] == model.description["weights_sha256"]
    assert facts["version"] == "1" and facts["precision"] == "half"
    assert facts["fovea_version"] == fovea("--version").stdout.strip()
    assert base64.b64decode(embedded(downloads["html"], "engine"), validate=True)[:4] == b"\0asm"
    assert "Apache License" in embedded(downloads["html"], "notices")


def test_the_command_writes_the_same_html_file(model, downloads, tmp_path):
    out = tmp_path / "model.html"
    fovea("export", model.path, "--format", "html", "--www", TEMPLATE.parent, "--out", out)
    without_facts = re.compile(r'<title>.*?</title>|<script [^>]*id="facts">.*?</script>', re.S)
    assert without_facts.sub("", out.read_text()) == without_facts.sub("", downloads["html"].read_text())


def test_options_of_the_html_file(tmp_path):
    def export(*options, code=0):
        return fovea("export", "cifar10-small", "--out", tmp_path / "x", *options, code=code).stderr

    assert "--half applies to --format fovea, not to html" in export("--format", "html", "--half", code=2)
    assert "--title applies to --format html, not to onnx" in export(
        "--format", "onnx", "--title", "x", code=2
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "standalone.html" in export("--format", "html", "--www", empty, code=1)
    (empty / "standalone.html").write_text("not a template")
    assert "does not contain %FOVEA_TITLE% exactly once" in export("--format", "html", "--www", empty, code=1)
    assert not (tmp_path / "x").exists()
