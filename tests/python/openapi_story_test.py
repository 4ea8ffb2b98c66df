"""Every answer that the OpenAPI document describes as a success is asked for once, and must look
exactly so: nothing missing, nothing that is not described."""

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
NO_IMAGE = b"this is no image"

# What this cannot have for sure, since jobs end in their own time; asked for in
# tests/server/api/jobs_api_test.cpp, whose jobs wait.
NOT_ASKED = {
    ("cancel_job", 200, "application/json"),
    ("cancel_job", 202, "application/json"),
    ("resume_job", 202, "application/json"),
}


def predictions(api):
    assert "message" in api.ask("older_statistics")
    assert api.ask("show_statistics")["confidence"]["mean"] is None
    answer = api.ask(
        "predict",
        body=form(("file", SHIP, "ship.jpg"), ("file", NO_IMAGE, "x")),
        query={"top_k": 3, "threshold": 0.9},
    )
    assert answer["results"][0]["label"] == "ship" and "error" in answer["results"][1]
    for image, media in ((GREY, "image/png"), (RGB, "image/bmp")):
        api.ask("predict", body=(image, media))
    assert len(api.ask("predict", 422, body=(NO_IMAGE, "image/png"))["results"]) == 1
    api.ask("predict", 415, body=(SHIP, "text/html"))
    api.ask("predict", 400, body=(SHIP, "image/jpeg"), query={"top_k": 0})
    api.ask("older_predict", 413, body=(bytes(17 << 20), "multipart/form-data; boundary=B"))
    model = api.ask("show_model")
    assert api.ask("download_model") == MODEL.read_bytes()
    api.ask("download_model", 304, fields={"If-None-Match": f'"{model["file_sha256"]}"'})


def history(api):
    first = api.ask("list_predictions", query={"limit": 1, "label": "", "uncertain": "", "to": ""})
    assert first["next"].startswith("/api/v1/predictions?limit=1&")
    ids = [one["id"] for one in api.ask("list_predictions", query={"from": "2020-01-01"})["predictions"]]
    assert len(ids) == 3
    images = [api.ask("download_predicted_image", id=id) for id in ids]
    assert images == [RGB, GREY, SHIP]
    api.ask("show_prediction", id=ids[0])
    api.ask("show_prediction", 404, id=99)
    assert api.ask("label_prediction", body={"label": "boat"}, id=ids[2])["training"] == "added"
    api.ask("label_prediction", 400, body={}, id=ids[2])
    table = list(csv.DictReader(io.StringIO(api.ask("export_predictions").decode())))
    assert [int(row["id"]) for row in table] == ids and table[2]["right_label"] == "boat"
    assert api.ask("show_statistics", query={"hours": 24})["predictions"] == 3
    assert api.ask("older_statistics")["total_predictions"] == 3


def training_data(api):
    report = api.ask(
        "upload_images",
        body=form(
            ("file", GREY, "a.png"),
            ("file", RGB, "b.bmp"),
            ("file", SHIP, "c.jpg"),
            ("file", NO_IMAGE, "d"),
            *[("label", label) for label in ("x", "x", "boat", "x")],
        ),
    )
    assert [one["verdict"] for one in report["results"]] == ["added", "added", "duplicate", "rejected"]
    grey, rgb, ship = [one["sha256"] for one in report["results"][:3]]
    refused = api.ask("upload_images", 422, body=(NO_IMAGE, "image/png"), query={"label": "x"})
    assert refused["rejected"] == 1
    api.ask("upload_images", 422, body=(GREY, "image/png"), query={"label": ".x"})
    api.ask("upload_images", 400, body=(GREY, "image/png"))
    assert api.ask("show_dataset")["total"] == 3
    page = api.ask("list_images", query={"limit": 1, "split": "train"})
    if page["total"] > 1:
        api.ask("list_images", query={"limit": 1, "split": "train", "cursor": page["next_cursor"]})
    assert api.ask("list_images", query={"offset": 3})["images"] == []
    assert api.ask("show_image", sha256=grey)["original"]
    for sha256, image in ((grey, GREY), (rgb, RGB), (ship, SHIP)):
        assert api.ask("download_image", sha256=sha256) == image
    api.ask("download_image", 304, sha256=grey, fields={"If-None-Match": f'"{grey}"'})
    api.ask("show_image", 404, sha256="0" * 64)
    assert api.ask("relabel_image", body={"label": "y"}, sha256=grey)["changed"] == 1
    assert api.ask("relabel_images", body={"sha256": [grey, "0" * 64], "label": "x"})["missing"]
    api.ask("relabel_image", 422, body={"label": "a/b"}, sha256=grey)
    assert api.ask("rename_class", body={"name": "z"}, name="x")["changed"] == 2
    api.ask("rename_class", 404, body={"name": "z"}, name="x")
    names = zipfile.ZipFile(io.BytesIO(api.ask("export_dataset"))).namelist()
    assert "manifest.jsonl" in names and len(names) == 4
    api.ask("remove_image", sha256=rgb)
    api.ask("remove_images", body={"sha256": [rgb]})
    uploaded = api.ask("older_upload", body=form(("files", RGB, "b.bmp"), ("labels", "BOAT")))
    assert uploaded["files"] == [{"filename": "b.bmp", "label": "Boat"}]
    api.ask("older_upload", 400, body=form(("files", RGB, "b.bmp")))


def versions(api):
    api.ask("roll_back", 409)
    features = MODEL.with_suffix(".features.safetensors").read_bytes()
    made = api.ask("upload_version", 201, body=form(("model", MODEL.read_bytes()), ("features", features)))
    assert made["number"] == 2 and made["features"]
    api.ask("upload_version", 201, body=(MODEL.read_bytes(), "application/octet-stream"))
    api.ask("upload_version", 422, body=(NO_IMAGE, "application/octet-stream"))
    api.ask("set_challenger", body={"version": 2, "reason": "a try"})
    api.ask("set_challenger", 409, body={"version": "champion"})
    api.ask("set_challenger", 404, body={"version": 9})
    api.ask("clear_challenger", 204)
    assert api.ask("activate_version", body={"reason": "a try"}, version=2)["aliases"] == ["champion"]
    assert api.ask("roll_back")["number"] == 1
    api.ask("remove_version", 409, version="champion")
    api.ask("remove_version", 204, version=3)
    assert "removed" in api.ask("show_version", version=3)
    api.ask("show_version", 404, version=9)
    assert "next" in api.ask("list_versions", query={"limit": 2})
    assert api.ask("download_version", version=2) == MODEL.read_bytes()
    assert api.ask("download_features", version=2) == features
    tag = {"If-None-Match": "*"}
    api.ask("download_version", 304, version=2, fields=tag)
    api.ask("download_features", 304, version=2, fields=tag)
    api.ask("download_version", 410, version=3)


def jobs(api):
    assert api.ask("older_retrain_status")["status"] == {}
    api.ask("create_job", 422, body={"kind": "retrain", "gate": {"strictness": 1}})
    assert api.ask("plan_job", body={"kind": "retrain", "epochs": 3})["epochs"] == 3
    api.ask("plan_job", 422, body={"kind": "evaluate", "version": 1})
    assert api.ask("older_retrain")["status"] == "in_progress"
    assert api.ask("older_retrain_status")["status"]["message"]
    job = api.ask("start_evaluation", 202, body={"split": "test"}, version=1)
    key = {"Idempotency-Key": "one"}
    again = api.ask("create_job", 202, body={"kind": "evaluate", "version": 1}, fields=key)
    same = api.ask("create_job", 202, body={"kind": "evaluate", "version": 1}, fields=key)
    assert same["id"] == again["id"]
    api.ask("create_job", 422, body={"kind": "evaluate", "version": 2}, fields=key)
    for id in range(1, again["id"] + 1):
        assert b"\nevent: state\ndata: {" in api.ask("follow_job", id=id)  # ends with the job
    assert api.ask("show_job", id=job["id"])["ended"]
    api.ask("follow_job", 204, id=job["id"], query={"after": 999999})
    api.ask("follow_job", 404, id=99)
    assert api.ask("list_jobs", query={"limit": 1})["next"]
    if api.ask("show_job", id=1)["resumable"]:
        api.ask("resume_job", 202, id=1)


def evaluations(api):
    assert api.ask("list_evaluations", version=1)["evaluations"][-1]["id"] == "model"
    document = api.ask("show_evaluation", version=1, id="model")["evaluation"]
    assert len(document["confusion"]) == 10
    api.ask("show_evaluation", 404, version=1, id="99")


def insights(api):
    size = {"width": 400, "height": 300, "dark": 1}
    charts = api.ask("list_insights", query={"version": "champion"})["insights"]
    for chart in charts:
        assert api.ask("show_insight", name=chart["name"])["sentence"]
    api.ask("list_insights", 404, query={"version": 9})
    api.ask("show_insight", 404, name="moods")
    assert api.ask("draw_insight", query=size, name="class_distribution")[1:4] == b"PNG"
    api.ask("draw_insight", 400, query={"width": 5}, name="class_distribution")
    assert api.ask("draw_sample_images", query=size)[1:4] == b"PNG"
    listed = api.ask("older_visualizations")["visualizations"]
    assert {"name", "filename", "url"} == set(listed[0])
    assert api.ask("older_visualization", query=size, name="roc")[1:4] == b"PNG"
    assert api.ask("older_sample_images", query=size)[1:4] == b"PNG"
    for operation in ("draw_worst_mistakes", "older_worst_mistakes"):
        assert api.ask(operation, query=size)[1:4] == b"PNG"
    assert api.ask("older_evaluate")["accuracy"] > 0.5


def inference_protocol(api):
    name = api.ask("v2_server") and api.ask("show_model")["name"]
    for operation in ("v2_live", "v2_ready", "v2_index"):
        api.ask(operation)
    for operation in ("v2_model", "v2_model_ready", "v2_load"):
        api.ask(operation, model=name)
        api.ask(operation, 404, model="other")
    for operation in ("v2_version", "v2_version_ready"):
        api.ask(operation, model=name, version=1)
        api.ask(operation, 404, model=name, version=9)
    api.ask("v2_unload", 400, model=name)
    example = api.follow(api.operations["v2_infer"][2]["requestBody"])["content"]["application/json"][
        "example"
    ]
    for operation, path in (("v2_infer", {}), ("v2_version_infer", {"version": 1})):
        assert api.ask(operation, body=example, model=name, **path)["outputs"][0]["data"]
        binary = {**example, "parameters": {"binary_data_output": True}, "outputs": []}
        raw = api.ask(operation, body=binary, model=name, **path)
        assert struct.unpack("<q", raw[-8:])[0] > 3  # the number in the history
        api.ask(operation, 400, body={"inputs": []}, model=name, **path)


def older_clients(api):
    for operation in ("older_health", "older_model", "older_uptime"):
        api.ask(operation)
    answer = api.ask("older_predict", body=form(("file", SHIP, "ship.jpg")))
    assert answer["predicted_class"] == "Ship"
    api.ask("older_predict", 400, body=form(("file", NO_IMAGE, "x")))
    batch = api.ask("older_predict_batch", body=form(("files", SHIP, "a"), ("files", NO_IMAGE, "b")))
    assert batch["total_errors"] == 1


def operation(api):
    for name in ("show_alive", "show_ready", "show_health", "show_metrics", "show_status"):
        api.ask(name)
    for name in ("show_openapi", "show_docs"):
        assert api.ask(name)
        _, headers, _ = api.server.ask("GET", api.target(name))
        if "ETag" in headers:
            api.ask(name, 304, fields={"If-None-Match": headers["ETag"]})
    assert api.ask("list_audit", query={"limit": 2})["next"]
    answer = api.server.send("GET", api.target("follow_everything"))
    assert answer.read(13) == b"retry: 2000\n\n"
    answer.connection.close()
    api.check("follow_everything", answer.status, answer.headers, b"")


def forgetting(api):
    ids = [one["id"] for one in api.ask("list_predictions")["predictions"]]
    assert api.ask("delete_prediction", id=ids[0])["deleted"] == 1
    api.ask("delete_predictions", 400)
    assert api.ask("delete_predictions", query={"confirm": "all"})["deleted"] == len(ids) - 1


def test_every_described_answer_is_given_and_looks_as_described(tmp_path):
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
        older_clients(api)
        operation(api)
        forgetting(api)
        missing = set(api.successes()) - api.seen - set(NOT_ASKED)
        assert not missing, "never asked for here: " + ", ".join(map(str, sorted(missing)))
