"""Requests every success response that the OpenAPI document describes and checks that it has exactly the
described fields."""

import csv
import io
import struct
import zipfile

import pytest
from api_server import Document, Server
from running_server import FOVEA, MODEL, ROOT, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
IMAGES = ROOT / "tests" / "data" / "images"
SHIP = (ROOT / "www" / "src" / "samples" / "ship.jpg").read_bytes()
GREY, RGB = (IMAGES / "grey.png").read_bytes(), (IMAGES / "rgb.bmp").read_bytes()
WEBP, GIF = (IMAGES / "lossy.webp").read_bytes(), (IMAGES / "still.gif").read_bytes()
HEIF = ROOT / "tests" / "data" / "heif"
NO_IMAGE = b"this is not an image"

# Responses that depend on when a job ends. tests/server/api/jobs_api_test.cpp covers them.
NOT_REQUESTED = {
    ("cancel_job", 200, "application/json"),
    ("cancel_job", 202, "application/json"),
    ("resume_job", 202, "application/json"),
}


def predictions(api):
    assert "message" in api.call("legacy_statistics")
    assert api.call("show_statistics")["confidence"]["mean"] is None
    response = api.call(
        "predict",
        body=form(("file", SHIP, "ship.jpg"), ("file", NO_IMAGE, "x")),
        query={"top_k": 3, "threshold": 0.9},
    )
    assert response["results"][0]["label"] == "ship" and "error" in response["results"][1]
    for image, media in (
        (GREY, "image/png"),
        (RGB, "image/bmp"),
        (WEBP, "image/webp"),
        (GIF, "image/gif"),
    ):
        api.call("predict", body=(image, media))
    assert len(api.call("predict", 422, body=(NO_IMAGE, "image/png"))["results"]) == 1
    api.call("predict", 415, body=(SHIP, "text/html"))
    api.call("predict", 400, body=(SHIP, "image/jpeg"), query={"top_k": 0})
    api.call("legacy_predict", 413, body=(bytes(17 << 20), "multipart/form-data; boundary=B"))
    model = api.call("show_model")
    assert api.call("download_model") == MODEL.read_bytes()
    api.call("download_model", 304, fields={"If-None-Match": f'"{model["file_sha256"]}"'})


def history(api):
    first = api.call("list_predictions", query={"limit": 1, "label": "", "uncertain": "", "to": ""})
    assert first["next"].startswith("/api/v1/predictions?limit=1&")
    ids = [one["id"] for one in api.call("list_predictions", query={"from": "2020-01-01"})["predictions"]]
    assert len(ids) == 5
    images = [api.call("download_predicted_image", id=id) for id in ids]
    assert images == [GIF, WEBP, RGB, GREY, SHIP]
    assert images == [api.call("download_predicted_image_deprecated", id=id) for id in ids]
    api.call("show_prediction", id=ids[0])
    api.call("show_prediction", 404, id=99)
    assert api.call("label_prediction", body={"label": "boat"}, id=ids[4])["training"] == "added"
    api.call("label_prediction", 400, body={}, id=ids[4])
    table = list(csv.DictReader(io.StringIO(api.call("export_predictions").decode())))
    assert [int(row["id"]) for row in table] == ids and table[4]["right_label"] == "boat"
    assert api.call("show_statistics", query={"hours": 24})["predictions"] == 5
    assert api.call("legacy_statistics")["total_predictions"] == 5


def training_data(api):
    report = api.call(
        "upload_images",
        body=form(
            ("file", GREY, "a.png"),
            ("file", RGB, "b.bmp"),
            ("file", SHIP, "c.jpg"),
            ("file", NO_IMAGE, "d"),
            ("file", WEBP, "e.webp"),
            ("file", GIF, "f.gif"),
            *[("label", label) for label in ("x", "x", "boat", "x", "x", "x")],
        ),
    )
    assert [one["verdict"] for one in report["results"]] == [
        "added",
        "added",
        "duplicate",
        "rejected",
        "added",
        "added",
    ]
    grey, rgb, ship, _, webp, gif = [one.get("sha256") for one in report["results"]]
    refused = api.call("upload_images", 422, body=(NO_IMAGE, "image/png"), query={"label": "x"})
    assert refused["rejected"] == 1
    api.call("upload_images", 422, body=(GREY, "image/png"), query={"label": ".x"})
    api.call("upload_images", 400, body=(GREY, "image/png"))
    damaged = form(("file", NO_IMAGE, "a"), ("file", b"x", "b"), ("file", RGB, "c"), ("label", "x"))
    assert api.call("upload_images", 422, body=damaged)["results"][2]["verdict"] == "duplicate"
    layout = api.call("read_dataset_layout", body={"paths": ["train/cat/1.jpg", "test/2.jpg", ".x", "3.jpg"]})
    assert layout["files"][0] == {"label": "cat", "split": "train"} and "problem" in layout["files"][1]
    assert api.call("show_dataset")["total"] == 5
    page = api.call("list_images", query={"limit": 1, "split": "train"})
    if page["total"] > 1:
        api.call("list_images", query={"limit": 1, "split": "train", "cursor": page["next_cursor"]})
    assert api.call("list_images", query={"offset": 5})["images"] == []
    assert api.call("show_image", sha256=grey)["original"]
    for sha256, image in ((grey, GREY), (rgb, RGB), (ship, SHIP), (webp, WEBP), (gif, GIF)):
        for operation in ("download_image", "download_image_deprecated"):
            assert api.call(operation, sha256=sha256) == image
    for operation in ("download_image", "download_image_deprecated"):
        api.call(operation, 304, sha256=grey, fields={"If-None-Match": f'"{grey}"'})
    api.call("show_image", 404, sha256="0" * 64)
    assert api.call("relabel_image", body={"label": "y"}, sha256=grey)["changed"] == 1
    assert api.call("relabel_images", body={"sha256": [grey, "0" * 64], "label": "x"})["missing"]
    api.call("relabel_image", 422, body={"label": "a/b"}, sha256=grey)
    assert api.call("rename_class", body={"name": "z"}, name="x")["changed"] == 4
    api.call("rename_class", 404, body={"name": "z"}, name="x")
    names = zipfile.ZipFile(io.BytesIO(api.call("export_dataset"))).namelist()
    assert "manifest.jsonl" in names and len(names) == 6
    api.call("remove_image", sha256=rgb)
    api.call("remove_images", body={"sha256": [rgb]})
    uploaded = api.call("legacy_upload", body=form(("files", RGB, "b.bmp"), ("labels", "BOAT")))
    assert uploaded["files"] == [{"filename": "b.bmp", "label": "Boat"}]
    api.call("legacy_upload", 400, body=form(("files", RGB, "b.bmp")))


def versions(api):
    api.call("roll_back", 409)
    features = MODEL.with_suffix(".features.safetensors").read_bytes()
    made = api.call("upload_version", 201, body=form(("model", MODEL.read_bytes()), ("features", features)))
    assert made["number"] == 2 and made["features"]
    api.call("upload_version", 201, body=(MODEL.read_bytes(), "application/octet-stream"))
    api.call("upload_version", 422, body=(NO_IMAGE, "application/octet-stream"))
    api.call("set_challenger", body={"version": 2, "reason": "test"})
    api.call("set_challenger", 409, body={"version": "champion"})
    api.call("set_challenger", 404, body={"version": 9})
    api.call("clear_challenger", 204)
    assert api.call("activate_version", body={"reason": "test"}, version=2)["aliases"] == ["champion"]
    assert api.call("roll_back")["number"] == 1
    api.call("remove_version", 409, version="champion")
    api.call("remove_version", 204, version=3)
    assert "removed" in api.call("show_version", version=3)
    api.call("show_version", 404, version=9)
    assert "next" in api.call("list_versions", query={"limit": 2})
    assert api.call("download_version", version=2) == MODEL.read_bytes()
    assert api.call("download_features", version=2) == features
    tag = {"If-None-Match": "*"}
    api.call("download_version", 304, version=2, fields=tag)
    api.call("download_features", 304, version=2, fields=tag)
    api.call("download_version", 410, version=3)


def jobs(api):
    assert api.call("legacy_retrain_status")["status"] == {}
    api.call("create_job", 422, body={"kind": "retrain", "gate": {"strictness": 1}})
    assert api.call("plan_job", body={"kind": "retrain", "epochs": 3})["epochs"] == 3
    api.call("plan_job", 422, body={"kind": "evaluate", "version": 1})
    assert api.call("legacy_retrain")["status"] == "in_progress"
    assert api.call("legacy_retrain_status")["status"]["message"]
    job = api.call("start_evaluation", 202, body={"split": "test"}, version=1)
    key = {"Idempotency-Key": "one"}
    again = api.call("create_job", 202, body={"kind": "evaluate", "version": 1}, fields=key)
    same = api.call("create_job", 202, body={"kind": "evaluate", "version": 1}, fields=key)
    assert same["id"] == again["id"]
    api.call("create_job", 422, body={"kind": "evaluate", "version": 2}, fields=key)
    for id in range(1, again["id"] + 1):
        assert b"\nevent: state\ndata: {" in api.call("follow_job", id=id)  # the stream ends with the job
    assert api.call("show_job", id=job["id"])["ended"]
    api.call("follow_job", 204, id=job["id"], query={"after": 999999})
    api.call("follow_job", 404, id=99)
    assert api.call("list_jobs", query={"limit": 1})["next"]
    if api.call("show_job", id=1)["resumable"]:
        api.call("resume_job", 202, id=1)


def evaluations(api):
    assert api.call("list_evaluations", version=1)["evaluations"][-1]["id"] == "model"
    document = api.call("show_evaluation", version=1, id="model")["evaluation"]
    assert len(document["confusion"]) == 10
    sample = document["statistics"]["classes"][0]["samples"][0]
    assert api.call("show_model_image", version=1, sha256=sample)[:2] == b"BM"
    api.call("show_model_image", 404, version=1, sha256="0" * 64)
    api.call("show_evaluation", 404, version=1, id="99")


def insights(api):
    size = {"width": 400, "height": 300, "dark": 1}
    charts = api.call("list_insights", query={"version": "champion"})["insights"]
    for chart in charts:
        assert api.call("show_insight", name=chart["name"])["sentence"]
    api.call("list_insights", 404, query={"version": 9})
    api.call("show_insight", 404, name="unknown")
    assert api.call("draw_insight", query=size, name="class_distribution")[1:4] == b"PNG"
    api.call("draw_insight", 400, query={"width": 5}, name="class_distribution")
    assert api.call("show_sample_images_deprecated")["name"] == "sample_images"
    for operation in ("draw_sample_images", "draw_sample_images_deprecated"):
        assert api.call(operation, query=size)[1:4] == b"PNG"
    listed = api.call("legacy_visualizations")["visualizations"]
    assert {"name", "filename", "url"} == set(listed[0])
    assert api.call("legacy_visualization", query=size, name="roc")[1:4] == b"PNG"
    for operation in ("legacy_sample_images", "legacy_sample_images_deprecated"):
        assert api.call(operation, query=size)[1:4] == b"PNG"
    for operation in ("draw_worst_mistakes", "legacy_worst_mistakes"):
        assert api.call(operation, query=size)[1:4] == b"PNG"
    assert api.call("legacy_evaluate")["accuracy"] > 0.5


def inference_protocol(api):
    name = api.call("v2_server") and api.call("show_model")["name"]
    for operation in ("v2_live", "v2_ready", "v2_index"):
        api.call(operation)
    for operation in ("v2_model", "v2_model_ready", "v2_load"):
        api.call(operation, model=name)
        api.call(operation, 404, model="other")
    for operation in ("v2_version", "v2_version_ready"):
        api.call(operation, model=name, version=1)
        api.call(operation, 404, model=name, version=9)
    api.call("v2_unload", 400, model=name)
    body = api.follow(api.operations["v2_infer"][2]["requestBody"])
    example = body["content"]["application/json"]["example"]
    for operation, path in (("v2_infer", {}), ("v2_version_infer", {"version": 1})):
        assert api.call(operation, body=example, model=name, **path)["outputs"][0]["data"]
        binary = {**example, "parameters": {"binary_data_output": True}, "outputs": []}
        raw = api.call(operation, body=binary, model=name, **path)
        assert struct.unpack("<q", raw[-8:])[0] > 3  # the number of the prediction
        api.call(operation, 400, body={"inputs": []}, model=name, **path)


def legacy_api(api):
    for operation in ("legacy_health", "legacy_model", "legacy_uptime"):
        api.call(operation)
    response = api.call("legacy_predict", body=form(("file", SHIP, "ship.jpg")))
    assert response["predicted_class"] == "Ship"
    api.call("legacy_predict", 400, body=form(("file", NO_IMAGE, "x")))
    batch = api.call("legacy_predict_batch", body=form(("files", SHIP, "a"), ("files", NO_IMAGE, "b")))
    assert batch["total_errors"] == 1


def operation(api):
    for name in ("show_alive", "show_ready", "show_health", "show_metrics", "show_status"):
        api.call(name)
    for name in ("show_openapi", "show_docs"):
        assert api.call(name)
        _, headers, _ = api.server.request("GET", api.target(name))
        if "ETag" in headers:
            api.call(name, 304, fields={"If-None-Match": headers["ETag"]})
    assert api.call("list_audit", query={"limit": 2})["next"]
    response = api.server.send("GET", api.target("follow_everything"))
    assert response.read(13) == b"retry: 2000\n\n"
    response.connection.close()
    api.check("follow_everything", response.status, response.headers, b"")


def projects(api):
    made = api.call("create_project", 201, body={"name": "signs", "title": "Signs", "preset": "tiny"})
    assert made["model"] is None
    api.call("create_project", 409, body={"name": "signs"})
    api.call("create_project", 422, body={"name": "../x"})
    # The operations of a project without a model are as described, too.
    for name in ("show_status", "list_insights", "list_versions", "show_dataset", "list_audit"):
        path = api.target(name).replace("/api/v1/", "/api/v1/projects/signs/")
        status, headers, content = api.server.request("GET", path)
        assert status == 200, (path, content)
        api.check(name, status, headers, content)
    archive = api.call("download_project")
    copied = api.call("create_project", 201, body=(archive, "application/zip"), query={"name": "copy"})
    assert copied["model"]["version"] == "1"
    api.call("create_project", 422, body=(archive[:200], "application/zip"), query={"name": "copy2"})
    assert api.call("show_project", project="default")["model"]["version"]
    assert api.call("change_project", project="signs", body={"name": "hands"})["name"] == "hands"
    assert api.call("delete_project", 204, project="hands") == b""
    api.call("delete_project", 409, project="default")
    assert api.call("list_projects")["deleted"][0]["name"] == "hands"
    api.call("restore_project", project="hands")
    api.call("restore_project", 404, project="hands")
    api.call("delete_project", 204, project="hands")
    api.call("purge_project", 204, project="hands")


def backbones(api, data_dir):
    api.call("download_backbone", 404, backbone="efficientnet-lite0")
    file = data_dir / "backbones" / "efficientnet-lite0.safetensors"
    file.parent.mkdir()
    file.write_bytes(MODEL.read_bytes())
    assert api.call("list_backbones")["backbones"][0]["file_size"] == file.stat().st_size
    assert api.call("download_backbone", backbone="efficientnet-lite0") == MODEL.read_bytes()
    api.call("download_backbone", 304, backbone="efficientnet-lite0", fields={"If-None-Match": "*"})


def heif_images(api):
    """HEIC and AVIF, which only a build with libheif reads. Returns the successes that others cannot have."""
    files = {f"image/{kind}": (HEIF / f"still.{kind}").read_bytes() for kind in ("heic", "avif")}
    operations = ("download_predicted_image", "download_image")
    operations += tuple(f"{operation}_deprecated" for operation in operations)
    for media, data in files.items():
        body = form(("file", data, "a"), ("file", SHIP, "s.jpg"))
        result = api.call("predict", body=body)["results"][0]
        if "error" in result:
            return {(operation, 200, media) for media in files for operation in operations}
        report = api.call("upload_images", body=form(("file", data, "a"), ("label", "x")))["results"][0]
        for operation in operations:
            key = {"id": result["prediction"]} if "predicted" in operation else {"sha256": report["sha256"]}
            assert api.call(operation, **key) == data
    return set()


def exports(api):
    """Downloads for other programs. Returns the success that a build without the page cannot have."""
    query = {"format": "safetensors"}
    assert api.call("export_version", query=query, version=2) == MODEL.read_bytes()
    api.call("export_version", 304, query=query, version=2, fields={"If-None-Match": "*"})
    assert b"probabilities" in api.call("export_version", query={"format": "onnx"}, version=2)
    api.call("export_version", 400, version=2)
    api.call("export_version", 400, query={"format": "html", "precision": "int8"}, version=2)
    api.call("export_version", 404, query=query, version=9)
    api.call("export_version", 410, query=query, version=3)
    html = {"format": "html"}
    if api.server.request("GET", api.target("export_version", html, version=2))[0] == 501:
        api.call("export_version", 501, query=html, version=2)
        return {("export_version", 200, "text/html")}
    assert b"<title>" in api.call("export_version", query=html, version=2)
    return set()


def deletion(api):
    ids = [one["id"] for one in api.call("list_predictions")["predictions"]]
    assert api.call("delete_prediction", id=ids[0])["deleted"] == 1
    api.call("delete_predictions", 400)
    assert api.call("delete_predictions", query={"confirm": "all"})["deleted"] == len(ids) - 1


def test_every_described_success_is_returned_as_described(tmp_path):
    with Server(tmp_path / "data") as server:
        api = Document(server)
        predictions(api)
        history(api)
        training_data(api)
        versions(api)
        jobs(api)
        evaluations(api)
        insights(api)
        inference_protocol(api)
        legacy_api(api)
        operation(api)
        projects(api)
        backbones(api, tmp_path / "data")
        impossible = heif_images(api) | exports(api)
        deletion(api)
        missing = set(api.successes()) - api.seen - set(NOT_REQUESTED) - impossible
        assert not missing, "never requested by this test: " + ", ".join(map(str, sorted(missing)))
