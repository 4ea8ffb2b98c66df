"""The API of older clients with the bundled model: every path, charts read by Pillow, and the evaluation
compared with scikit-learn's classification_report."""

import io
import json
import time
import urllib.request

import numpy as np
import pytest
from dataset_api_test import form, png
from PIL import Image
from running_server import FOVEA, ROOT, RunningServer

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
CLASSES = ["Airplane", "Automobile", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Ship", "Truck"]
SHIP = (ROOT / "www" / "src" / "samples" / "ship.jpg").read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RunningServer(tmp_path_factory.mktemp("legacy") / "data", "--threads", 1)
    yield server
    server.stop()


def named(files, labels, part="file"):
    body = form(files, labels)
    body["data"] = body["data"].replace(b'name="file"', f'name="{part}"'.encode())
    body["data"] = body["data"].replace(b'name="label"', b'name="labels"')
    return body


def error(server, path, status, verb="POST", **body):
    reply = server.json(path, verb=verb, status=status, **body)
    assert isinstance(reply["error"], str) and reply["error"]
    return reply["error"]


def test_the_page_has_a_title(server):
    assert b"Image Classification" in server.request("/")[1]


def test_health_model_and_uptime_have_their_fields(server):
    health = server.json("/api/health")
    assert health["status"] == "healthy" and health["model_loaded"] is True
    assert set(health) >= {"uptime_seconds", "timestamp", "version"}
    model = server.json("/api/model/info")
    assert model["input_shape"] == [32, 32, 3] and model["num_classes"] == 10
    assert model["class_names"] == CLASSES
    assert isinstance(model["training_metadata"], dict) and isinstance(model["model_summary"], str)
    uptime = server.json("/api/model/uptime")
    assert uptime["is_retraining"] is False
    assert uptime["uptime_minutes"] == pytest.approx(uptime["uptime_seconds"] / 60)
    assert uptime["uptime_hours"] == pytest.approx(uptime["uptime_seconds"] / 3600)
    assert set(uptime) >= {"start_time", "current_time"}


def test_statistics_have_a_message_before_and_numbers_after_a_prediction(tmp_path):
    server = RunningServer(tmp_path / "data", "--threads", 1)
    try:
        assert set(server.json("/api/statistics")) == {"message"}
        response = server.json("/api/predict", verb="POST", **named([("ship.jpg", SHIP)], []))
        assert response["predicted_class"] == "Ship" and response["predicted_class_index"] == 8
        assert response["file_name"] == "ship.jpg" and list(response["all_probabilities"]) == CLASSES
        assert response["confidence"] == pytest.approx(response["all_probabilities"]["Ship"])
        assert response["prediction_time_ms"] > 0 and response["timestamp"]
        statistics = server.json("/api/statistics")
        assert statistics["total_predictions"] == 1
        assert statistics["predictions_per_class"] == {"Ship": 1}
        for key in ("average_confidence", "min_confidence", "max_confidence"):
            assert statistics[key] == pytest.approx(response["confidence"], abs=1e-6)
        assert statistics["average_prediction_time_ms"] > 0
    finally:
        server.stop()


def test_a_batch_reports_each_file(server):
    body = named([("ship.jpg", SHIP), ("notes.txt", b"no image"), ("p.png", png(1))], [], "files")
    reply = server.json("/api/predict/batch", verb="POST", **body)
    assert reply["total_processed"] == 2 and reply["total_errors"] == 1
    assert [p["file_name"] for p in reply["predictions"]] == ["ship.jpg", "p.png"]
    assert reply["errors"][0]["filename"] == "notes.txt" and reply["errors"][0]["error"]


@pytest.mark.parametrize("path,part", [("/api/predict", "file"), ("/api/predict/batch", "files")])
def test_requests_without_a_usable_file_are_400(server, path, part):
    assert error(server, path, 400) == "No file provided"
    assert error(server, path, 400, **named([("", b"")], [], part)) == "No file selected"
    error(server, path, 400, **named([("a.png", png(1))], [], "other"))
    if part == "file":
        assert "not allowed" in error(server, path, 400, **named([("a.txt", b"text")], [], part))


@pytest.mark.parametrize(
    "path,part",
    [("/api/predict", "file"), ("/api/predict/batch", "files"), ("/api/upload/training-data", "files")],
)
def test_more_than_16_mb_is_413(server, path, part):
    body = named([("a.png", bytes(17 << 20))], ["cat"], part)
    assert "16777216" in error(server, path, 413, **body)


def test_training_data_is_stored_under_the_class_names_of_the_model(server):
    path = "/api/upload/training-data"
    body = named([("a.png", png(11)), ("b.png", png(12))], ["Airplane", "Zebra"], "files")
    reply = server.json(path, verb="POST", **body)
    assert reply["files_saved"] == 2 and reply["message"]
    assert reply["files"] == [
        {"filename": "a.png", "label": "Airplane"},
        {"filename": "b.png", "label": "Zebra"},
    ]
    stored = {c["name"] for c in server.json("/api/v1/dataset")["classes"]}
    assert stored == {"airplane", "Zebra"}  # the model's class airplane, and a new class
    assert "match" in error(server, path, 400, **named([("a.png", png(13))], ["x", "y"], "files"))
    again = server.json(
        path, verb="POST", **named([("a.png", png(11)), ("c.png", png(14))], ["Airplane", "Zebra"], "files")
    )
    assert again["files_saved"] == 1 and again["files"] == [{"filename": "c.png", "label": "Zebra"}]
    assert again["message"] == "1 files uploaded successfully, 1 were already in the dataset"
    assert error(server, path, 400, **named([], ["x"])) == 'the form has no part named "files"'
    assert error(server, path, 400) == "No file provided"
    error(server, path, 400, **named([("a.txt", b"text")], ["x"], "files"))


def test_unknown_paths_are_404_as_json(server):
    for path in ("/api/nothing", "/static/nothing.png", "/static/visualizations/nothing.png"):
        error(server, path, 404, verb="GET")


def test_retraining_starts_in_the_background_and_reports_its_state(server):
    assert server.json("/api/retrain/status") == {"is_retraining": False, "status": {}}
    reply = server.json("/api/retrain", verb="POST")
    assert reply["status"] == "in_progress" and reply["message"]
    assert reply["check_status_url"] == "/api/retrain/status"
    for _ in range(50):
        status = server.json("/api/retrain/status")
        assert status["status"]["status"] in ("in_progress", "completed", "failed")
        assert status["status"]["message"] and status["status"]["start_time"]
        if not status["is_retraining"]:
            break
        time.sleep(0.1)
    else:
        job = server.json("/api/v1/jobs")["jobs"][0]["id"]
        server.request(f"/api/v1/jobs/{job}", verb="DELETE")  # not needed any further


def test_every_visualization_is_an_image(server):
    server.json("/api/predict", verb="POST", **named([("ship.jpg", SHIP)], []))
    found = server.json("/api/visualizations")["visualizations"]
    assert len(found) >= 10
    for one in found:
        assert set(one) == {"name", "filename", "url"} and one["url"].startswith("/static/")
        with urllib.request.urlopen(server.url + one["url"]) as reply:
            assert reply.headers["Content-Type"] == "image/png"
            image = Image.open(io.BytesIO(reply.read()))
        image.load()
        assert image.format == "PNG" and image.size == (960, 640)
        assert len(np.unique(np.asarray(image).reshape(-1, 3), axis=0)) > 20, "the image is empty"


def test_the_evaluation_agrees_with_scikit_learn(server):
    report_of = pytest.importorskip("sklearn.metrics").classification_report
    body = server.json("/api/model/evaluate", verb="POST")
    counts = np.array(body["confusion_matrix"])
    assert counts.sum() == 10_000
    truth, predicted = (axis.ravel() for axis in np.indices(counts.shape))
    wanted = report_of(truth, predicted, target_names=CLASSES, sample_weight=counts.ravel(), output_dict=True)
    assert body["classification_report"].keys() == wanted.keys()
    assert body["accuracy"] == pytest.approx(wanted["accuracy"], abs=2e-5)
    for name, line in wanted.items():
        assert body["classification_report"][name] == pytest.approx(line, abs=2e-5), name
    for average in ("macro", "weighted"):
        for key, field in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert body[f"{key}_{average}"] == pytest.approx(wanted[f"{average} avg"][field], abs=2e-5)
    assert body["evaluation_timestamp"].startswith("20")


def test_captions_of_charts_agree_with_their_numbers(server):
    matrix = server.json("/api/v1/insights/confusion_matrix")
    panel = matrix["data"]["panels"][0]
    counts = np.array(panel["values"])
    wrong = counts * (1 - np.eye(len(counts)))
    truth, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    assert (
        f"{panel['names'][truth]} classified as {panel['names'][predicted]}: {int(wrong.max())} of"
        in (matrix["sentence"])
    )
    quality = server.json("/api/v1/insights/per_class_metrics")
    bars = quality["data"]["panels"][0]
    recall = next(s for s in bars["series"] if s["name"].startswith("recall"))["values"]
    assert recall == pytest.approx(list(counts.diagonal() / counts.sum(axis=1)), abs=1e-5)
    f1 = next(s for s in bars["series"] if s["name"].startswith("F1"))["values"]
    assert quality["sentence"].startswith(
        f"The F1 score is lowest for {bars['categories'][int(np.argmin(f1))]} "
    )
    assert json.dumps(quality["source"])  # the source is described
    assert quality["source"]["count"] == 10_000 and quality["source"]["id"] == "model"
