"""Training data over HTTP, with images of hand signs if they are available."""

import io
import json
import random
import resource
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile

import numpy as np
import pytest
import running_server
from PIL import Image
from running_server import FOVEA, HANDS, MODEL, ROOT, RunningServer

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


@pytest.fixture
def server(tmp_path):
    server = RunningServer(tmp_path / "data", "--threads", 1)
    yield server
    server.stop()


def png(seed, side=12):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def form(files, labels):
    """A form with files, (name, bytes), and labels."""
    parts = [("file", data, name) for name, data in files] + [("label", label) for label in labels]
    body, kind = running_server.form(*parts)
    return {"data": body, "type": kind}


def class_folders():
    """A tar file of class folders: (bytes, number of images per class)."""
    if HANDS.exists():
        counts = {}
        with tarfile.open(HANDS) as tar:
            for name in tar.getnames():
                if name.lower().endswith(".jpg"):
                    label = name.split("/")[-2]
                    counts[label] = counts.get(label, 0) + 1
        return HANDS.read_bytes(), counts
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for i in range(60):
            data = png(i)
            info = tarfile.TarInfo(f"hands/{i % 3}/{i}.png")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue(), {"0": 20, "1": 20, "2": 20}


def all_images(server, query=""):
    images, cursor = [], ""
    while True:
        page = server.json(f"/api/v1/dataset/images?limit=97{query}{cursor}")
        images += page["images"]
        if "next_cursor" not in page:
            assert len(images) == page["total"]
            return images
        cursor = "&cursor=" + page["next_cursor"]


def test_upload_browse_relabel_delete_export_and_import_again(server, tmp_path):
    archive, counts = class_folders()
    report = server.json("/api/v1/dataset/images", archive, "POST")
    assert report["added"] + report["duplicates"] == sum(counts.values())
    assert report["rejected"] == 0
    # Any page can be requested by offset.
    whole = all_images(server)
    some = server.json("/api/v1/dataset/images?offset=31&limit=7")
    assert some["total"] == len(whole) and some["images"] == whole[31:38]
    assert server.json(f"/api/v1/dataset/images?offset={len(whole)}")["images"] == []
    both = "/api/v1/dataset/images?offset=1&cursor=1-" + "0" * 64
    assert "not both" in server.json(both, status=400)["detail"]
    dataset = server.json("/api/v1/dataset")
    assert [c["name"] for c in dataset["classes"]] == sorted(counts)
    for c in dataset["classes"]:
        assert c["val"] == c["test"] == int(c["total"] * 0.1 + 0.5)

    images = all_images(server)
    assert len({image["sha256"] for image in images}) == len(images) == report["added"]
    labels = {image["sha256"]: image["label"] for image in images}
    splits = {image["sha256"]: image["split"] for image in images}
    test_of_one = all_images(server, "&label=1&split=test")
    assert test_of_one and all(i["label"] == "1" and i["split"] == "test" for i in test_of_one)
    code, image = server.request(images[0]["url"])
    assert code == 200 and Image.open(io.BytesIO(image)).size[0] > 0

    first, second, *rest = labels
    relabelled = server.json(f"/api/v1/dataset/images/{first}", {"label": "thumb"}, "PATCH")
    assert relabelled["changed"] == 1
    assert server.json(f"/api/v1/dataset/images/{first}")["label"] == "thumb"
    assert server.json(f"/api/v1/dataset/images/{first}")["split"] == splits[first]
    many = server.json("/api/v1/dataset/relabel", {"sha256": rest[:10], "label": "fist"}, "POST")
    assert many["changed"] == 10
    renamed = server.json("/api/v1/dataset/classes/fist/rename", {"name": "Faust \u00e4"}, "POST")
    assert renamed["changed"] == 10
    assert server.json(f"/api/v1/dataset/images/{second}", None, "DELETE")["changed"] == 1
    server.json(f"/api/v1/dataset/images/{second}", status=404)
    gone = server.json("/api/v1/dataset/delete", {"sha256": [*rest[10:15], second]}, "POST")
    assert gone["changed"] == 5 and gone["missing"] == [second]
    actions = {entry["action"] for entry in server.json("/api/v1/audit")["entries"]}
    assert {"upload images", "relabel images", "rename class", "delete images"} <= actions

    code, exported = server.request("/api/v1/dataset.zip")
    assert code == 200
    revision = server.json("/api/v1/dataset")["revision"]
    with zipfile.ZipFile(io.BytesIO(exported)) as zipped:
        assert zipped.testzip() is None
        lines = [json.loads(line) for line in zipped.read("manifest.jsonl").splitlines()]
        assert {line["file"] for line in lines} == set(zipped.namelist()) - {"manifest.jsonl"}
        assert any("/Faust \u00e4/" in name for name in zipped.namelist())
    assert all(splits[line["sha256"]] == line["split"] for line in lines)
    (tmp_path / "export.zip").write_bytes(exported)
    done = subprocess.run(
        [FOVEA, "data", "import", tmp_path / "export.zip", "--data-dir", tmp_path / "elsewhere"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"revision {revision}" in done.stdout and "0 rejected" in done.stdout


def test_each_file_of_a_form_gets_a_result(server):
    a, b = png(1), png(2)
    files = [("a.png", a), ("b.png", b), ("a2.png", a), ("x.txt", b"no image")]
    report = server.json("/api/v1/dataset/images", verb="POST", **form(files, ["cat", "dog", "cat", "cat"]))
    assert [r["verdict"] for r in report["results"]] == ["added", "added", "duplicate", "rejected"]
    assert server.request("/api/v1/dataset/images/" + report["results"][1]["sha256"] + "/content")[1] == b
    wrong = server.json("/api/v1/dataset/images", verb="POST", status=400, **form(files, ["cat", "dog"]))
    assert "4 files and 2 labels" in wrong["detail"]
    assert "label" in server.json("/api/v1/dataset/images", a, "POST", status=400)["detail"]
    bad = server.json("/api/v1/dataset/images?label=a%2Fb", a, "POST", status=422)
    assert "slash" in bad["detail"]
    cut = server.json("/api/v1/dataset/images", b"PK\x03\x04 truncated", "POST", status=422)
    assert "archive" in cut["detail"]
    assert server.json("/api/v1/dataset")["total"] == 2


def test_the_legacy_upload_matches_class_names_without_case(server):
    server.json("/api/v1/dataset/images?label=airplane", png(5), "POST")
    body = form([("p.png", png(6))], ["Airplane"])
    body["data"] = body["data"].replace(b'name="file"', b'name="files"')
    body["data"] = body["data"].replace(b'name="label"', b'name="labels"')
    reply = server.json("/api/upload/training-data", verb="POST", **body)
    assert reply["files_saved"] == 1 and reply["files"] == [{"filename": "p.png", "label": "Airplane"}]
    assert [c["name"] for c in server.json("/api/v1/dataset")["classes"]] == ["airplane"]


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path):
    acknowledged, seed = {}, 0
    for run in range(3):
        server = RunningServer(tmp_path / "data", "--threads", 1)
        timer = threading.Timer(random.Random(run).uniform(0.2, 0.8), server.process.kill)
        timer.start()
        while True:
            seed += 1
            files = [(f"{seed}-{i}.png", png(seed * 10 + i)) for i in range(3)]
            try:
                report = server.json("/api/v1/dataset/images?label=c", verb="POST", **form(files, []))
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                break
            for (_, data), result in zip(files, report["results"]):
                acknowledged[result["sha256"]] = data
        timer.join()
        server.kill()
    server = RunningServer(tmp_path / "data", "--threads", 1)
    try:
        assert len(acknowledged) > 3
        for sha256, data in acknowledged.items():
            assert server.request(f"/api/v1/dataset/images/{sha256}/content") == (200, data)
        assert server.json("/api/v1/dataset/images?label=c", png(7), "POST")["added"] == 1
    finally:
        server.stop()


def test_uploads_are_503_while_another_process_writes_the_dataset(server, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    server.json("/api/v1/dataset/images?label=c", png(1), "POST")
    with open(tmp_path / "data" / "datasets" / "images" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = server.json("/api/v1/dataset/images?label=c", png(2), "POST", status=503)
        assert "import" in busy["detail"]
    assert server.json("/api/v1/dataset/images?label=c", png(2), "POST")["added"] == 1


def test_a_full_disk_is_507_with_the_system_error_message(tmp_path):
    """A limit on the file size simulates a full disk."""
    model = (ROOT / "tests" / "data" / "model-v1.safetensors").read_bytes()
    # Python ignores SIGXFSZ and the child inherits that: writes fail instead.
    server = RunningServer(tmp_path / "data", "--threads", 1, restore_signals=False)
    try:

        def limit_file_size(most):
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

        limit_file_size(200_000)
        big = png(1, side=400)
        before = server.json("/api/v1/dataset")["revision"]
        replies = [
            server.json("/api/v1/dataset/images?label=c", big, "POST", status=507),
            server.json(
                "/api/v1/dataset/images",
                verb="POST",
                status=507,
                **form([(f"{i}.png", png(i, side=300)) for i in range(5)], ["c"]),
            ),
        ]
        limit_file_size(len(model) - 1)
        replies.append(server.json("/api/v1/models", model, "POST", status=507))
        limit_file_size(resource.RLIM_INFINITY)
        for reply in replies:
            assert "File too large" in reply["detail"] and str(tmp_path) not in reply["detail"]
        assert server.json("/api/v1/dataset")["revision"] == before
        assert server.json("/api/v1/models")["total"] == 1
    finally:
        server.stop()


def test_a_part_without_a_file_name_is_called_by_its_part_name(server):
    body, kind = running_server.form(("file", b"rubbish"), ("label", "c"))
    refused = server.json("/api/v1/dataset/images", body, "POST", type=kind, status=422)
    assert refused["detail"] == "file: this is text, not an image"


def test_a_label_with_a_nul_is_quoted_completely(server):
    refused = server.json(
        "/api/v1/dataset/images", verb="POST", status=422, **form([("a.png", png(1))], ["a\0b"])
    )
    assert refused["detail"] == 'the label "a?b" contains control characters or is not valid UTF-8'


def test_an_unknown_query_parameter_is_rejected_by_name(server):
    refused = server.json("/api/v1/predictions?confirm=all&label=dog", verb="DELETE", status=400)
    assert refused["detail"] == 'unknown query parameter "label"; the parameters are confirm'
    refused = server.json("/api/v1/status?fresh=1", status=400)
    assert refused["detail"] == 'unknown query parameter "fresh"; this path has no parameters'
    server.json("/api/v1/dataset/images?labels=c", png(1), "POST", status=400)
    for lenient in ("/api/health?x=1", "/v2?x=1", "/?x=1", "/docs?x=1", "/livez?x=1"):
        assert server.request(lenient)[0] == 200, lenient


def test_the_page_accepts_get_and_head_only(server):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(server.url + "/", b"x", method="POST"))
    assert refused.value.code == 405 and refused.value.headers["Allow"] == "GET, HEAD"


def test_metrics_count_training_data_and_versions(server):
    server.json("/api/v1/dataset/images?label=c", png(1), "POST")
    second = server.json("/api/v1/models", MODEL.read_bytes(), "POST", status=201)["number"]
    server.json(f"/api/v1/models/{second}/activate", {})
    server.json("/api/v1/models/rollback", {})
    status, text = server.request("/metrics")
    lines = text.decode().splitlines()
    assert status == 200
    assert (
        sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith("fovea_dataset_images{") and 'class="c"' in line
        )
        == 1
    )
    for line in (
        "fovea_model_promotions_total 1",
        "fovea_model_rollbacks_total 1",
        "fovea_http_in_flight_requests 1",
    ):
        assert line in lines, text.decode()
