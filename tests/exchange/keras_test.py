"""`fovea export --format keras-h5`, opened with Keras, as SavedModel with TensorFlow, and imported again."""

import json
import os
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import h5py
import keras
import numpy as np
import pytest
import tensorflow
from conftest import LIMIT, ROOT, assert_same_weights, fovea

KERAS = f"Keras {keras.__version__}"
TENSORFLOW = f"TensorFlow {tensorflow.__version__}"


@pytest.fixture(scope="module")
def h5(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "model.h5"
    fovea("export", model.path, "--format", "keras-h5", "--out", path)
    return path


def test_keras_gives_the_same_probabilities(model, h5, results):
    loaded = keras.models.load_model(h5)
    assert loaded.input_shape[1:] == model.pixels.shape[1:]
    for batch in (1, 7, 200):
        found = loaded.predict(model.nhwc, batch_size=batch, verbose=0)
        results.add("Keras HDF5", "out", model, KERAS, model.difference(found))


def test_the_attribute_fovea_describes_the_model(model, h5):
    with h5py.File(h5) as file:
        text = json.loads(file.attrs["fovea"])
    assert json.loads(text["classes"]) == model.classes
    assert text["weights_sha256"] == model.description["weights_sha256"]
    assert "NHWC" in text["input"]


def test_equal_models_give_equal_bytes(model, h5, tmp_path):
    fovea("export", model.path, "--format", "keras-h5", "--out", tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == h5.read_bytes()


def test_the_script_writes_a_saved_model(model, h5, results, tmp_path):
    folder = tmp_path / "saved"
    script = ROOT / "tools/exchange/h5_to_savedmodel.py"
    done = subprocess.run([sys.executable, script, h5, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = tensorflow.saved_model.load(folder)
    found = loaded.serve(tensorflow.constant(model.nhwc)).numpy()
    results.add("TensorFlow SavedModel", "out", model, TENSORFLOW, model.difference(found))
    signature = loaded.signatures["serving_default"]
    (name,) = signature.structured_input_signature[1]
    (output,) = signature(**{name: tensorflow.constant(model.nhwc[:1])}).values()
    np.testing.assert_allclose(output.numpy(), model.expected[:1], atol=LIMIT)
    extra = json.loads((folder / "assets.extra/fovea.json").read_text())
    assert json.loads(extra["classes"]) == model.classes
    again = subprocess.run([sys.executable, script, h5, folder], capture_output=True, text=True)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_an_exported_file_is_imported_with_the_same_weights(model, h5, tmp_path):
    out = tmp_path / "back.safetensors"
    fovea("import", h5, "--out", out)
    assert_same_weights(out, model.path)
    back = json.loads(fovea("inspect", "--json", out).stdout)
    for key in ("classes", "preprocess", "temperature", "layers"):
        assert back[key] == model.description[key]
    assert model.difference(model.predict(out)) == 0


def test_a_model_trained_in_keras_is_imported(model, h5, results, tmp_path):
    keras.utils.set_random_seed(1)
    trained = keras.models.load_model(h5)
    trained.compile(optimizer=keras.optimizers.SGD(0.01), loss="sparse_categorical_crossentropy")
    trained.fit(model.nhwc, np.arange(200) % len(model.classes), batch_size=50, epochs=1, verbose=0)
    trained.save(tmp_path / "trained.h5")
    expected = trained.predict(model.nhwc, verbose=0)
    assert model.difference(expected) > 100 * LIMIT  # training changed the model

    out = tmp_path / "trained.safetensors"
    done = fovea("import", tmp_path / "trained.h5", "--out", out, code=1)
    assert "class names" in done.stderr
    assert not out.exists()
    fovea("import", tmp_path / "trained.h5", "--like", model.path, "--out", out)
    difference = float(np.abs(model.predict(out) - expected).max())
    results.add("Keras HDF5", "in", model, KERAS, difference)


# Damaged and hostile files. Each function changes a valid file.


def rewrite_config(file, change):
    config = json.loads(file.attrs["model_config"])
    change(config["config"]["layers"])
    file.attrs["model_config"] = json.dumps(config)


def without_dataset(file):
    del file["model_weights/conv2d_0/kernel"]


def without_group(file):
    del file["model_weights/conv2d_0"]


def other_shape(file):
    del file["model_weights/conv2d_0/kernel"]
    file["model_weights/conv2d_0/kernel"] = np.zeros((3, 3, 3, 5), np.float32)


def integers(file):
    del file["model_weights/conv2d_0/kernel"]
    file["model_weights/conv2d_0/kernel"] = np.zeros((3, 3, 3, 16), np.int32)


def huge_dataset(file):
    del file["model_weights/conv2d_0/kernel"]
    file["model_weights/conv2d_0"].create_dataset("kernel", (1 << 20, 1 << 20, 3, 16), "f4", chunks=True)


def unwritten_dataset(file):
    del file["model_weights/conv2d_0/kernel"]
    file["model_weights/conv2d_0"].create_dataset("kernel", (3, 3, 3, 16), "f4")


def compressed(file):
    del file["model_weights/conv2d_0/kernel"]
    values = np.zeros((3, 3, 3, 16), np.float32)
    file["model_weights/conv2d_0"].create_dataset("kernel", data=values, compression="gzip")


def external_link(file):
    del file["model_weights/conv2d_0/kernel"]
    file["model_weights/conv2d_0/kernel"] = h5py.ExternalLink("/tmp/other.h5", "kernel")


def external_data(file):
    del file["model_weights/conv2d_0/kernel"]
    external = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    file["model_weights/conv2d_0"].create_dataset("kernel", (3, 3, 3, 16), "f4", external=external)


def not_finite(file):
    file["model_weights/conv2d_0/kernel"][0, 0, 0, 0] = np.nan


def negative_variance(file):
    file["model_weights/batch_norm_1/moving_variance"][0] = -1


def without_config(file):
    del file.attrs["model_config"]


def invalid_json(file):
    file.attrs["model_config"] = "{"


def lambda_layer(file):
    rewrite_config(file, lambda layers: layers[4].update(class_name="Lambda"))


def huge_layer(file):
    rewrite_config(file, lambda layers: layers[2]["config"].update(filters=65536, kernel_size=[31, 31]))


def huge_input(file):
    rewrite_config(file, lambda layers: layers[0]["config"].update(batch_shape=[None, 60000, 60000, 3]))


def dilated(file):
    rewrite_config(file, lambda layers: layers[2]["config"].update(dilation_rate=[2, 2]))


def without_softmax(file):
    rewrite_config(file, lambda layers: layers.pop())


def without_normalisation(file):
    rewrite_config(file, lambda layers: layers.pop(1))


def too_few_classes(file):
    text = json.loads(file.attrs["fovea"])
    text["classes"] = json.dumps(["one", "two"])
    file.attrs["fovea"] = json.dumps(text)


HOSTILE = {
    without_dataset: "dataset model_weights/conv2d_0/kernel is missing",
    without_group: "group model_weights/conv2d_0 is missing",
    other_shape: "model_weights/conv2d_0/kernel has shape [3, 3, 3, 5]; the network needs [3, 3, 3, 16]",
    integers: "model_weights/conv2d_0/kernel does not consist of floats",
    huge_dataset: "model_weights/conv2d_0/kernel has more than 2^31 floats",
    unwritten_dataset: "model_weights/conv2d_0/kernel needs 1728 bytes, which the file does not have",
    compressed: "model_weights/conv2d_0/kernel is chunked, compressed or stored in another file",
    external_link: "model_weights/conv2d_0/kernel is a link",
    external_data: "model_weights/conv2d_0/kernel is chunked, compressed or stored in another file",
    not_finite: "tensor 0.weight holds nan",
    negative_variance: "tensor 1.running_var holds -1",
    without_config: "has no model_config",
    invalid_json: "model_config",
    lambda_layer: "(Lambda): this kind of layer is not supported",
    huge_layer: "model_weights/conv2d_0/kernel has shape [3, 3, 3, 16]; the network needs [31, 31, 3, 65536]",
    huge_input: "60000",
    dilated: "layer conv2d_0 (Conv2D): dilation is not supported",
    without_softmax: "the last layer must be a softmax",
    without_normalisation: "must be the Rescaling that normalises",
    too_few_classes: "the network has 10 outputs for 2 classes",
}


@pytest.fixture(scope="module")
def tiny_h5(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.h5"
    fovea("export", trained["tiny"], "--format", "keras-h5", "--out", path)
    return path


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_hostile_keras_files_are_rejected_with_the_reason(change, tiny_h5, tmp_path):
    path, out = tmp_path / "hostile.h5", tmp_path / "out.safetensors"
    path.write_bytes(tiny_h5.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    done = fovea("import", path, "--out", out, code=1)
    assert HOSTILE[change] in done.stderr
    assert len(done.stderr.splitlines()) == 1, "one message, no output of the HDF5 library"
    assert not out.exists()


def test_truncated_keras_files_are_rejected(tiny_h5, tmp_path):
    whole = tiny_h5.read_bytes()
    for length in [0, 7, 8, 100, *range(1000, len(whole), len(whole) // 23), len(whole) - 1]:
        path = tmp_path / "short.h5"
        path.write_bytes(whole[:length])
        done = fovea("import", path, "--like", "cifar10-small", "--out", tmp_path / "out", code=1)
        assert "HDF5" in done.stderr or length < 8, done.stderr
