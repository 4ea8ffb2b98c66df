"""The Python client (clients/python) against a running server, and the examples of its README."""

import http.server
import io
import json
import re
import shutil
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running_server import FOVEA, ROOT, RunningServer

sys.path.insert(0, str(ROOT / "clients" / "python" / "src"))
import fovea

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
SAMPLES = sorted((ROOT / "www" / "src" / "samples").glob("*.jpg"))
ADMIN, PREDICT = "admin-token-of-the-tests", "predict-token-of-the-tests"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RunningServer(tmp_path_factory.mktemp("client")) as server:
        yield server


@pytest.fixture
def client(server):
    with fovea.Client(server.url) as client:
        yield client


def striped(seed, colour, side=32):
    """Stripes of a colour with noise; different for every seed."""
    rng = np.random.default_rng(seed)
    width = int(rng.integers(3, 8))
    light = np.where((np.add.outer(np.arange(side), np.arange(side)) // width) % 2 == 0, 1, 0.55)
    pixels = light[:, :, None] * np.array(colour) + 40 * (rng.random((side, side, 3)) - 0.5)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def sign_folder(root, count=40):
    """A folder of two classes with `count` images each."""
    for label, colour in {"thumb-up": (200, 60, 60), "thumb-down": (60, 60, 200)}.items():
        (root / label).mkdir(parents=True)
        for i in range(count):
            (root / label / f"{i}.png").write_bytes(png(striped(i, colour)))
    return root


def test_a_path_bytes_an_open_file_and_an_array_get_the_same_prediction(client):
    for path in SAMPLES:
        expected = client.predict(path)
        assert expected.label == path.stem and expected.file == path.name
        assert expected.probability == max(expected.probabilities.values())
        assert sum(expected.probabilities.values()) == pytest.approx(1, abs=1e-5)
        pixels = np.asarray(Image.open(path).convert("RGB"))
        with path.open("rb") as file:
            others = [str(path), path.read_bytes(), file, png(pixels), pixels]
            for other in map(client.predict, others):
                # Decoders of JPEG differ in rounding.
                assert other.label == expected.label
                assert other.probability == pytest.approx(expected.probability, abs=0.02)
        assert client.predict(pixels).probabilities == client.predict(png(pixels)).probabilities


def test_grey_and_transparent_arrays_are_sent_without_loss(client):
    grey = striped(1, (200, 200, 200))[:, :, 0]
    rgba = np.dstack([striped(2, (10, 200, 90)), np.full((32, 32), 128, np.uint8)])
    for pixels in (grey, grey[:, :, None], rgba, grey[::2, ::-1]):
        flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
        sent = client.predict(pixels)
        assert sent.probabilities == client.predict(png(np.ascontiguousarray(flat))).probabilities
        stored = np.asarray(Image.open(io.BytesIO(client.prediction_image(sent))))
        assert np.array_equal(stored, flat)


def test_a_batch_is_split_into_requests_and_keeps_its_order(client, monkeypatch):
    monkeypatch.setattr("fovea._client.MAX_IMAGES", 3)
    images = [SAMPLES[i % len(SAMPLES)] for i in range(10)]
    images[4] = b"not an image"
    before = sum(s.value for s in client.metrics() if s.labels.get("route") == "/api/v1/predict")
    results = client.predict_many(images, top_k=2)
    after = sum(s.value for s in client.metrics() if s.labels.get("route") == "/api/v1/predict")
    assert after - before == 4
    assert [r.label for r in results] == [p.stem if isinstance(p, Path) else "" for p in images]
    assert results[4].error == "this is text, not an image" and results[4].file == "image-4"
    assert all(len(r.top) == 2 for r in results if r.error is None)
    array = np.stack([striped(i, (90, 90, 200)) for i in range(5)])
    assert len(client.predict_many(array)) == 5
    assert client.predict_many([]) == []


def test_unreadable_images_and_unsuitable_values_are_errors_that_name_them(client, tmp_path):
    with pytest.raises(fovea.ImageError, match="image-0: this is text, not an image"):
        client.predict(b"not an image")
    assert [bool(r.error) for r in client.predict_many([b"a", b"b"])] == [True, True]
    with pytest.raises(TypeError, match="float64"):
        client.predict(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"\(4, 4, 2\)"):
        client.predict(np.zeros((4, 4, 2), np.uint8))
    with pytest.raises(ValueError, match="predict_many"):
        client.predict(np.zeros((1, 4, 4, 3), np.uint8))
    with pytest.raises(TypeError, match="image 0 is a int"):
        client.predict(5)
    with pytest.raises(FileNotFoundError):
        client.predict(tmp_path / "none.jpg")
    with pytest.raises(fovea.ApiError) as caught:
        client.predict(SAMPLES[0], threshold=2)
    assert caught.value.status == 400 and "threshold" in caught.value.detail


def test_a_client_of_a_project_has_its_own_data(tmp_path):
    with (
        RunningServer(tmp_path / "data", "--train-idle", "false") as server,
        fovea.Client(server.url) as client,
        fovea.Client(server.url, project="signs") as other,
    ):
        assert client.create_project("signs", title="Signs", preset="tiny")["title"] == "Signs"
        signs = client.project("signs")
        with pytest.raises(fovea.ApiError, match="has no model yet") as caught:
            signs.predict(SAMPLES[0])
        assert caught.value.status == 409
        signs.upload_folder(sign_folder(tmp_path / "signs", 30))
        assert signs.dataset()["total"] == other.dataset()["total"] == 60
        assert client.dataset()["total"] == 0
        job = signs.wait(signs.retrain(epochs=30))
        assert job.state == "succeeded", job
        assert other.predict(png(striped(700, (200, 60, 60)))).label == "thumb-up"
        assert [one.id for one in signs.jobs()] == [job.id] and list(client.jobs()) == []
        assert len(list(signs.history())) == 1 and list(client.history()) == []
        assert len(list(signs.dataset_images())) == 60  # of several pages
        assert [event.name for event in signs.events(job)].count("epoch") == 30
        assert signs.download_weights(tmp_path / "signs.safetensors").exists()
        assert [project["name"] for project in signs.projects()] == ["default", "signs"]
        copied = client.import_project("copied", signs.download_project(tmp_path / "signs.zip"))
        assert copied["title"] == "Signs" and copied["images"] == 60 and copied["model"]["version"] == "1"
        client.delete_project("copied")
        client.rename_project("signs", "thumbs")
        assert client.project("thumbs").model()["version"] == "1"
        client.delete_project("thumbs")
        assert [project["name"] for project in client.deleted_projects()] == ["thumbs", "copied"]
        assert client.restore_project("thumbs")["model"]["version"] == "1"


def test_an_error_has_status_detail_and_the_request_id_of_the_log(client, server):
    with pytest.raises(fovea.ApiError, match="404: job 99 does not exist") as caught:
        client.job(99)
    error = caught.value
    assert (error.status, error.detail) == (404, "job 99 does not exist")
    until = time.monotonic() + 10
    while not any(error.request_id in line for line in server.log) and time.monotonic() < until:
        time.sleep(0.05)
    assert any(error.request_id in line for line in server.log)


def test_images_are_uploaded_with_labels_as_folder_and_as_archive(tmp_path):
    with (
        RunningServer(tmp_path / "data", "--train-idle", "false") as server,
        fovea.Client(server.url) as client,
    ):
        report = client.upload([striped(i, (200, 60, 60)) for i in range(3)], label="b\u00e4r")
        assert (report.added, report.rejected) == (3, 0)
        assert [r.kind for r in report.results] == ["added"] * 3
        mixed = [striped(7, (0, 200, 0)), b"nothing", striped(0, (200, 60, 60))]
        report = client.upload(mixed, labels=["green", "green", "b\u00e4r"])
        assert [r.kind for r in report.results] == ["added", "rejected", "duplicate"]
        assert report.results[1].reason == "this is text, not an image"
        with pytest.raises(fovea.ApiError) as caught:
            client.upload([b"nothing"], label="a")
        assert caught.value.status == 422 and caught.value.body["results"][0]["verdict"] == "rejected"

        folder = sign_folder(tmp_path / "signs", 6)
        (folder / "thumb-up" / "notes.txt").write_text("not an image")
        assert client.upload_folder(folder).added == 12
        for split in ("train", "test"):
            target = tmp_path / "split" / split / "blue"
            target.mkdir(parents=True)
            (target / "1.png").write_bytes(png(striped(99 if split == "test" else 98, (0, 0, 250))))
        assert client.upload_folder(tmp_path / "split").added == 2
        archive = tmp_path / "red.zip"
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("red/1.png", png(striped(5, (250, 0, 0))))
        assert client.upload_archive(archive).added == 1
        assert client.upload_archive(archive.read_bytes()).duplicates == 1

        classes = {entry["name"]: entry for entry in client.dataset()["classes"]}
        assert classes["thumb-up"]["total"] == 6 and classes["b\u00e4r"]["total"] == 3
        assert (classes["blue"]["test"], classes["blue"]["total"]) == (1, 2)
        images = list(client.dataset_images(label="thumb-up"))
        assert len(images) == 6
        client.relabel_images([images[0]["sha256"]], "green")
        client.delete_images([images[1]["sha256"]])
        client.rename_class("red", "crimson")
        totals = {entry["name"]: entry["total"] for entry in client.dataset()["classes"]}
        assert totals["thumb-up"] == 4 and totals["green"] == 2 and totals["crimson"] == 1
        with zipfile.ZipFile(client.download_dataset(tmp_path / "all.zip")) as downloaded:
            assert any("crimson" in name for name in downloaded.namelist())

        with pytest.raises(ValueError, match="2 images and 1 labels"):
            client.upload([b"", b""], labels=["a"])
        with pytest.raises(ValueError, match=r"6 of 6 images in .* have no class"):
            client.upload_folder(folder / "thumb-up")
        mixed = tmp_path / "mixed"
        (mixed / "teal" / "more").mkdir(parents=True)
        (mixed / "navy").mkdir()
        (mixed / "cover.png").write_bytes(png(striped(200, (9, 9, 9))))
        (mixed / "teal" / "more" / "1.png").write_bytes(png(striped(201, (0, 128, 128))))
        for i in range(3):
            (mixed / "navy" / f"{i}.png").write_bytes(b"damaged")
        with pytest.raises(fovea.ApiError, match="3 of 4 files were rejected") as refused:
            client.upload_folder(mixed)
        assert refused.value.status == 422 and refused.value.body["usable"] == 1
        kept = client.upload_folder(mixed, partial=True)
        assert (kept.added, kept.rejected) == (1, 4)
        assert [r.file for r in kept.results if "no class" in (r.reason or "")] == ["cover.png"]
        with pytest.raises(NotADirectoryError):
            client.upload_folder(archive)


def test_a_retraining_is_followed_to_its_verdict_and_rolled_back(tmp_path):
    with (
        RunningServer(tmp_path / "data", "--train-idle", "false") as server,
        fovea.Client(server.url) as client,
    ):
        client.upload_folder(sign_folder(tmp_path / "signs"))
        assert client.plan()["new_images"] > 0
        before = client.predict(striped(1000, (200, 60, 60)))
        events = []
        verdict = client.retrain_and_wait(epochs=40, timeout=300, on_event=events.append)
        assert verdict.decision == "promote" and verdict.promoted, verdict
        assert (verdict.version, verdict.parent) == (2, 1)
        assert {"old_accuracy", "coverage"} <= {rule.name for rule in verdict.rules}
        names = [event.name for event in events]
        assert names.count("epoch") == 40 and "start" in names and names[-1] == "state"
        stored = [event.id for event in events if event.id is not None]
        assert stored == sorted(set(stored))

        job = client.job(1)
        assert job.ended and job.verdict == verdict and len(job.history) == 40
        assert [j.id for j in client.jobs()] == [1]
        # From the middle, the events are the same.
        middle = stored[len(stored) // 2]
        assert [e.id for e in client.events(job, after=middle)] == [i for i in stored if i > middle]
        after = client.predict(striped(1000, (200, 60, 60)))
        assert before.label != "thumb-up" and after.label == "thumb-up" and after.version == 2

        evaluation = client.evaluate(timeout=300)
        assert sum(map(sum, evaluation["confusion"])) == client.dataset()["test"] > 0
        assert client.evaluations(2)[0]["split"] == "test"
        assert client.rollback("a test")["number"] == 1
        assert client.predict(striped(1000, (200, 60, 60))).label == before.label
        assert client.activate(2, "a test")["number"] == 2
        assert [v["number"] for v in client.versions()] == [2, 1]
        assert client.version()["manifest"]["parent"] == 1
        assert "rollback" in [entry["action"] for entry in client.audit()]

        weights = client.download_weights(tmp_path / "model.safetensors", 2)
        features = client.download_features(tmp_path / "model.features.safetensors", 2)
        assert client.export_model(tmp_path / "m", "safetensors", 2).read_bytes() == weights.read_bytes()
        uploaded = client.upload_model(weights, features)
        assert uploaded["weights_sha256"] == client.version(2)["weights_sha256"]
        assert client.set_candidate(uploaded["number"])["number"] == uploaded["number"]
        client.clear_candidate()
        client.delete_version(uploaded["number"])
        assert not list(tmp_path.glob(".model*"))


def test_a_canceled_job_is_an_error_of_wait_and_a_timeout_ends_it(tmp_path):
    with (
        RunningServer(tmp_path / "data", "--train-idle", "false") as server,
        fovea.Client(server.url) as client,
    ):
        client.upload_folder(sign_folder(tmp_path / "signs", 12))
        job = client.retrain(epochs=1000)
        with pytest.raises(fovea.ApiError) as caught:
            client.retrain()
        assert caught.value.status == 409 and caught.value.body["job"] == job.id
        with pytest.raises(TimeoutError, match=f"job {job.id} did not end in time"):
            client.wait(job, timeout=0.5)
        client.cancel(job)
        with pytest.raises(fovea.JobError, match="canceled") as failed:
            client.wait(job, timeout=60)
        assert failed.value.job.state == "canceled" and failed.value.job.verdict is None


def test_history_labels_charts_and_metrics(tmp_path):
    with (
        RunningServer(tmp_path / "data", "--train-idle", "false") as server,
        fovea.Client(server.url) as client,
    ):
        predictions = client.predict_many(SAMPLES * 3)
        assert [e["id"] for e in client.history()] == sorted((p.id for p in predictions), reverse=True)
        assert len(list(client.history(limit=5))) == 5
        assert len(list(client.history(label="ship"))) == 3
        first = predictions[0]
        assert client.label(first, "cat")["training"] == "added"
        assert client.prediction(first)["right_label"] == "cat"
        assert [e["id"] for e in client.history(labelled=True)] == [first.id]
        assert client.prediction_image(first) == SAMPLES[0].read_bytes()
        lines = client.download_history(tmp_path / "all.csv", label="ship").read_text().splitlines()
        assert len(lines) == 4
        client.delete_prediction(first)
        assert len(list(client.history())) == len(predictions) - 1
        charts = {chart["name"]: chart for chart in client.insights()}
        assert charts["confusion_matrix"]["has_data"] and len(charts) >= 14
        assert client.insight("confusion_matrix")["data"]["panels"]
        chart = Image.open(io.BytesIO(client.insight_png("confusion_matrix", width=800, dark=True)))
        assert chart.size[0] == 800
        samples = {(s.name, s.labels.get("class")): s.value for s in client.metrics()}
        assert samples[("fovea_predictions_total", "ship")] == 3
        assert client.status()["model"]["name"] == client.model()["name"] and client.ready()
        client.delete_history()
        assert not list(client.history())


def test_tokens_are_sent_and_too_many_wrong_ones_wait_as_the_server_requests(tmp_path):
    environment = {"FOVEA_TOKENS": f"admin:{ADMIN},predict:{PREDICT}"}
    with RunningServer(tmp_path, environment=environment) as server:
        with fovea.Client(server.url, token=PREDICT) as client:
            assert client.predict(SAMPLES[0]).label == SAMPLES[0].stem
            with pytest.raises(fovea.ApiError) as caught:
                client.dataset()
            assert caught.value.status == 403
        with fovea.Client(server.url, token=ADMIN) as client:
            assert list(client.jobs()) == []
        with fovea.Client(server.url) as client, pytest.raises(fovea.ApiError, match="401"):
            client.status()
        statuses = []
        with fovea.Client(server.url, token="x" * 20, retries=0) as client:
            for _ in range(25):
                with pytest.raises(fovea.ApiError) as caught:
                    client.status()
                statuses.append(caught.value.status)
        assert statuses[0] == 401 and statuses[-1] == 429
        with fovea.Client(server.url, token="x" * 20, retries=3) as client:
            start = time.monotonic()
            with pytest.raises(fovea.ApiError, match="401"):
                client.status()
            assert time.monotonic() - start > 0.9
        with fovea.Client(server.url, token="x" * 20, retries=3, max_wait=0) as client:
            with pytest.raises(fovea.ApiError):
                client.status()
            with pytest.raises(fovea.ApiError, match="429"):
                client.status()


class FailingServer:
    """A server that fails as the real one cannot on request: responds with each of `replies` in turn. A reply
    is (status, fields) or None, which closes the connection without a response."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.bodies = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self):
                outer.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                following = outer.replies.pop(0)
                self.close_connection = True
                if following is None:
                    return
                status, fields = following
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = reply

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


def test_503_is_repeated_after_the_requested_time_with_the_same_body(monkeypatch):
    waits = []
    monkeypatch.setattr("fovea._transport.time.sleep", waits.append)
    with FailingServer(
        (503, {"Retry-After": "7"}), (429, {}), (503, {"Retry-After": "bad"}), (200, {})
    ) as stub:
        with fovea.Client(stub.url) as client:
            assert client.activate(3, "why") == {}
        assert [json.loads(body) for body in stub.bodies] == [{"reason": "why"}] * 4
    assert waits[0] == 7 and 0.7 < waits[1] < 1.3 and 1.4 < waits[2] < 2.6
    with FailingServer(*[(503, {"Retry-After": "1"})] * 3) as stub:
        with fovea.Client(stub.url, retries=2) as client, pytest.raises(fovea.ApiError, match="503"):
            client.status()
        assert stub.replies == []
    with (
        FailingServer((503, {"Retry-After": "3600"})) as stub,
        fovea.Client(stub.url, max_wait=60) as client,
        pytest.raises(fovea.ApiError, match="503"),
    ):
        client.status()


def test_a_broken_connection_is_repeated_only_if_that_is_safe(monkeypatch):
    monkeypatch.setattr("fovea._transport.time.sleep", lambda _: None)
    with FailingServer(None, None, (200, {})) as stub, fovea.Client(stub.url) as client:
        assert client.status() == {}
    with FailingServer(None) as stub:
        with fovea.Client(stub.url) as client, pytest.raises(fovea.TransportError, match="rollback"):
            client.rollback()
        assert len(stub.bodies) == 1
    with fovea.Client("http://127.0.0.1:9", retries=1) as client:
        with pytest.raises(fovea.TransportError, match=r"127\.0\.0\.1:9/api/v1/model"):
            client.model()
        assert not client.ready()


def test_a_failed_download_leaves_no_file(tmp_path):
    with (
        FailingServer((404, {})) as stub,
        fovea.Client(stub.url) as client,
        pytest.raises(fovea.ApiError),
    ):
        client.download_weights(tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_the_client_and_the_program_have_the_same_version():
    (version,) = re.findall(r"project\(fovea VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    (packaged,) = re.findall(r'^version = "(.*)"', (ROOT / "clients/python/pyproject.toml").read_text(), re.M)
    assert version == packaged == fovea.__version__


def test_the_examples_of_the_readme_run(tmp_path, monkeypatch):
    readme = (ROOT / "clients" / "python" / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.S)
    assert len(blocks) >= 8
    for path in SAMPLES:
        shutil.copy(path, tmp_path)
    for i in (1, 2, 3):
        (tmp_path / f"up-{i}.png").write_bytes(png(striped(500 + i, (200, 60, 60))))
    (tmp_path / "down-1.png").write_bytes(png(striped(600, (60, 60, 200))))
    sign_folder(tmp_path / "signs", 80)
    monkeypatch.chdir(tmp_path)
    with RunningServer(tmp_path / "data", "--train-idle", "false") as server:
        names = {}
        for block in blocks:
            exec(compile(block.replace("http://localhost:8080", server.url), "README.md", "exec"), names)
        assert names["prediction"].label == "ship"
        assert names["verdict"].promoted
        assert names["hands"].project("hands") and names["client"].deleted_projects()[0]["name"] == "hands"
        assert names["png"].startswith(b"\x89PNG") and (tmp_path / "model.safetensors").exists()
        names["client"].close()
