"""The Open Inference Protocol of `fovea serve` with tritonclient, and the history on a full disk."""

import re
import resource

import numpy as np
import pytest
from model_file_test import FILE
from PIL import Image
from running_server import FOVEA, RunningServer

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
http = pytest.importorskip("tritonclient.http")
text_string_to_metric_families = pytest.importorskip(
    "prometheus_client.parser"
).text_string_to_metric_families
SIZE = 6  # side of the network's input


class Server(RunningServer):
    def __init__(self, data_dir, **process):
        super().__init__(data_dir, model=FILE, **process)

    def predict_one(self, image):
        return self.json("/api/v1/predict", image, type="image/bmp")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def client(server):
    with http.InferenceServerClient(server.address) as connected:
        yield connected


def bitmap(pixels, path):
    Image.fromarray(pixels).save(path)
    return path.read_bytes()


def test_the_client_finds_server_and_model(server, client):
    assert client.is_server_live() and client.is_server_ready()
    name = server.json("/api/v1/model")["name"]
    assert client.is_model_ready(name) and client.is_model_ready(name, "1")
    assert not client.is_model_ready("other")
    metadata = client.get_model_metadata(name)
    assert [entry["name"] for entry in metadata["inputs"]] == ["image", "image_bytes"]
    index = client.get_model_repository_index()
    assert [(row["name"], row["version"], row["state"]) for row in index] == [(name, "1", "READY")]
    client.load_model(name)
    with pytest.raises(Exception, match="active"):
        client.unload_model(name)


@pytest.mark.parametrize("binary", [True, False])
def test_pixels_get_the_same_prediction_as_the_file(server, client, tmp_path, binary):
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    expected = [server.predict_one(bitmap(image, tmp_path / "a.bmp"))["results"][0] for image in pixels]
    name = server.json("/api/v1/model")["name"]
    image = http.InferInput("image", list(pixels.shape), "UINT8")
    image.set_data_from_numpy(pixels, binary_data=binary)
    outputs = [
        http.InferRequestedOutput(output, binary_data=binary)
        for output in ("probabilities", "label", "prediction")
    ]
    result = client.infer(name, [image], outputs=outputs, request_id="r1")
    assert result.get_response()["id"] == "r1"
    probabilities = result.as_numpy("probabilities")
    for row, label, number, one in zip(
        probabilities, result.as_numpy("label"), result.as_numpy("prediction"), expected
    ):
        assert row[one["index"]] == np.float32(one["probability"])
        assert (label.decode() if isinstance(label, bytes) else label) == one["label"]
        stored = server.json(f"/api/v1/predictions/{number}")
        assert stored["source"] == "v2" and stored["label"] == one["label"]


def test_image_files_are_accepted_as_bytes(server, client, tmp_path):
    rng = np.random.default_rng(4)
    file = bitmap(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8), tmp_path / "a.png")
    expected = server.predict_one(file)["results"][0]
    name = server.json("/api/v1/model")["name"]
    files = http.InferInput("image_bytes", [2], "BYTES")
    files.set_data_from_numpy(np.array([file, file], dtype=np.object_))
    result = client.infer(name, [files])  # all outputs, binary
    assert [label.decode() for label in result.as_numpy("label")] == [expected["label"]] * 2
    broken = http.InferInput("image_bytes", [1], "BYTES")
    broken.set_data_from_numpy(np.array([b"not an image"], dtype=np.object_))
    with pytest.raises(Exception, match="image 0"):
        client.infer(name, [broken])


def test_metrics_can_be_parsed_and_contain_route_patterns_not_paths(server, tmp_path):
    rng = np.random.default_rng(6)
    server.predict_one(bitmap(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), tmp_path / "a.bmp"))
    server.json("/api/v1/predictions/1")
    text = server.request("/metrics")[1].decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["fovea_predictions"].type == "counter"
    assert families["fovea_inference_stage_seconds"].type == "histogram"
    assert sum(sample.value for sample in families["fovea_inference_images"].samples) > 0
    assert 'route="/api/v1/predictions/{id}"' in text
    assert "fovea_inference_requests_total{" in text
    assert not re.search(r'route="[^"]*/predictions/1"', text)


def test_predictions_are_returned_unrecorded_when_the_disk_is_full(tmp_path):
    """A limit on the file size simulates a full disk."""
    rng = np.random.default_rng(5)
    limit = 400_000

    def preexec():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # Python ignores SIGXFSZ and the child inherits that: writes fail instead.
    with Server(tmp_path / "data", preexec_fn=preexec, restore_signals=False) as server:
        responses = [
            server.predict_one(bitmap(rng.integers(0, 256, (90, 90, 3), dtype=np.uint8), tmp_path / "a.bmp"))
            for _ in range(60)
        ]
        unrecorded = [response for response in responses if not response["recorded"]]
        assert responses[0]["recorded"] and responses[0]["results"][0]["prediction"] == 1
        assert unrecorded and all("label" in response["results"][0] for response in responses)
        assert all("prediction" not in response["results"][0] for response in unrecorded)
        statistics = server.json("/api/v1/predictions")
        assert statistics["predictions"]
    assert "predictions are not recorded so far" in "".join(server.log)


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path):
    rng = np.random.default_rng(8)
    acknowledged = []
    for _ in range(3):
        server = Server(tmp_path / "data")
        for _ in range(5):
            image = bitmap(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), tmp_path / "a.bmp")
            result = server.predict_one(image)["results"][0]
            acknowledged.append((result["prediction"], result["label"], image))
        server.kill()
    with Server(tmp_path / "data") as server:
        for number, label, image in acknowledged:
            assert server.json(f"/api/v1/predictions/{number}")["label"] == label
            assert server.request(f"/api/v1/predictions/{number}/image") == (200, image)
