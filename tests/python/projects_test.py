"""Projects over HTTP: several classifiers on one server, from an empty project to a restored one."""

import io
import json
import sqlite3
import subprocess
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from postgres_server import PostgresServer
from running_server import FOVEA, MODEL, RunningServer, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (50, 60, 210)}
HANDS = "/api/v1/projects/hands"
ENVIRONMENT = {"FOVEA_TRAIN_IDLE": "false"}
ADMIN, HANDS_ADMIN, HANDS_PREDICT = (
    "admin-token-0123456789",
    "hands-token-0123456789",
    "hands-predict-0123456789",
)


def small_image(colour, seed):
    noise = np.random.default_rng(seed).integers(-30, 30, (16, 16, 3))
    pixels = np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def class_folders(count=20, first=0):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, colour in enumerate(COLOURS):
            for i in range(first, first + count):
                archive.writestr(f"{colour}/{i}.png", small_image(colour, 1000 * number + i))
    return out.getvalue()


def start(folder, *options, **more):
    environment = {**ENVIRONMENT, **more.pop("environment", {})}
    return RunningServer(folder, "--threads", 1, *options, environment=environment, **more)


def create(server, name="hands", **recipe):
    return server.json("/api/v1/projects", {"name": name, **(recipe or {"preset": "tiny"})}, status=201)


def wait_for_job(server, project, number):
    until = time.monotonic() + 300
    while time.monotonic() < until:
        job = server.json(f"{project}/jobs/{number}")
        if job["state"] in ("succeeded", "failed", "canceled", "interrupted"):
            return job
        time.sleep(0.1)
    raise TimeoutError(job)


def train(server, project=HANDS, **options):
    job = server.json(f"{project}/jobs", {"kind": "retrain", "epochs": 20, **options}, status=202)
    assert job["url"] == f"{project}/jobs/{job['id']}"
    return wait_for_job(server, project, job["id"])


def predicted(server, project, colour, seed=7777):
    body, kind = form(("file", small_image(colour, seed), f"{colour}.png"))
    return server.json(f"{project}/predict", body, type=kind)["results"][0]["label"]


def names(server):
    return [project["name"] for project in server.json("/api/v1/projects")["projects"]]


def test_a_project_from_its_creation_to_a_restart(tmp_path):
    with start(tmp_path) as server:
        assert names(server) == ["default"]
        made = create(server, title="Hand signs", preset="tiny")
        assert made["title"] == "Hand signs" and made["preset"] == "tiny" and made["state"] == "open"
        assert made["model"] is None and made["images"] == 0 and made["last_prediction"] is None
        assert made["url"] == HANDS

        # Without a model.
        body, kind = form(("file", small_image("red", 1), "red.png"))
        refused = server.json(f"{HANDS}/predict", body, type=kind, status=409)
        assert (
            'project "hands" has no model yet' in refused["detail"] and f"{HANDS}/jobs" in refused["detail"]
        )
        for path in ("/model", "/model/weights"):
            server.json(HANDS + path, status=409)
        assert server.json(f"{HANDS}/models")["versions"] == []
        status = server.json(f"{HANDS}/status")
        assert status["model"] is None and status["project"] == "hands"
        insights = server.json(f"{HANDS}/insights")
        assert insights["version"] is None
        assert all(insight["url"].startswith(HANDS) for insight in insights["insights"])
        assert not any(insight["has_data"] for insight in insights["insights"])
        server.json(f"{HANDS}/models/rollback", b"", verb="POST", status=409)
        refused = server.json(f"{HANDS}/jobs", {"kind": "retrain"}, status=422)
        assert "no training images" in refused["detail"]

        report = server.json(f"{HANDS}/dataset/images", class_folders())
        assert report["added"] == 60
        plan = server.json(f"{HANDS}/jobs/plan", {"kind": "retrain", "epochs": 20})
        assert (
            plan["mode"] == "first"
            and plan["champion"] is None
            and plan["new_classes"] == ["blue", "green", "red"]
        )
        refused = server.json(f"{HANDS}/jobs", {"kind": "retrain", "replay": 10}, status=422)
        assert "first training" in refused["detail"]
        job = train(server)
        assert job["state"] == "succeeded", job
        assert job["mode"] == "first" and len(job["history"]) == 20
        result = job["result"]
        assert result["version"] == 1 and result["promoted"] and result["parent"] is None
        assert result["promotion"] == "the first version of the project"
        assert {colour: predicted(server, HANDS, colour) for colour in COLOURS} == {c: c for c in COLOURS}
        assert server.json(f"{HANDS}/model")["name"] == "hands"

        # Retraining goes the usual way, through the gate.
        server.json(f"{HANDS}/dataset/images", class_folders(10, 100))
        job = train(server, mode="full", epochs=2)
        assert job["state"] == "succeeded" and job["result"]["verdict"]["decision"], job
        server.json(f"{HANDS}/models/2/activate", b"", verb="POST")
        shown = server.json(HANDS)
        assert shown["model"]["version"] == "2" and shown["images"] == 90 and shown["last_prediction"]
        assert 0 <= shown["model"]["accuracy"] <= 1
        drawn = {i["name"] for i in server.json(f"{HANDS}/insights")["insights"] if i["has_data"]}
        assert {"class_distribution", "training_curves", "confusion_matrix", "latency"} <= drawn

    with start(tmp_path, model=None) as server:
        assert names(server) == ["default", "hands"]
        assert server.json(f"{HANDS}/model")["version"] == "2"
        assert predicted(server, HANDS, "green") == "green"
        assert server.json("/api/v1/model")["name"] == "cifar10-small"


def test_projects_do_not_see_each_other(tmp_path):
    with start(tmp_path) as server:
        create(server)
        create(server, "cars")
        server.json(f"{HANDS}/dataset/images", class_folders(4))
        body, kind = form(("file", small_image("red", 1), "red.png"))
        server.json("/api/v1/predict", body, type=kind)
        server.json("/api/v1/projects/default/predict", body, type=kind)
        assert server.json("/api/v1/dataset/images")["total"] == 0
        assert server.json("/api/v1/projects/cars/dataset/images")["total"] == 0
        assert server.json(f"{HANDS}/dataset/images")["total"] == 12
        image = server.json(f"{HANDS}/dataset/images?limit=1")["images"][0]
        assert image["url"].startswith(HANDS)
        assert server.request(image["url"])[0] == 200
        assert server.request(image["url"].replace("/projects/hands", ""))[0] == 404
        assert len(server.json("/api/v1/predictions")["predictions"]) == 2
        assert server.json(f"{HANDS}/predictions")["predictions"] == []
        assert server.json("/api/v1/models")["total"] == 1
        assert server.json(f"{HANDS}/models")["total"] == 0
        assert server.json(f"{HANDS}/statistics")["predictions"] == 0
        entries = server.json(f"{HANDS}/audit")["entries"]
        assert [entry["action"] for entry in entries] == ["upload images"]
        actions = [entry["action"] for entry in server.json("/api/v1/audit")["entries"]]
        assert actions.count("create project") == 2 and "upload images" not in actions
        server.json("/api/v1/projects/cars/jobs/1", status=404)


def test_a_project_is_renamed_deleted_and_restored(tmp_path):
    with start(tmp_path) as server:
        create(server)
        server.json(f"{HANDS}/dataset/images", class_folders())
        assert train(server)["state"] == "succeeded"
        changed = server.json(HANDS, {"name": "signs", "title": "Signs"}, verb="PATCH")
        assert changed["name"] == "signs" and changed["title"] == "Signs"
        signs = "/api/v1/projects/signs"
        server.json(f"{HANDS}/model", status=404)
        assert predicted(server, signs, "blue") == "blue"
        events = server.json(f"{signs}/jobs/1")
        assert events["state"] == "succeeded"

        assert server.request(signs, verb="DELETE")[0] == 204
        server.json(f"{signs}/model", status=404)
        server.json(signs, status=404)
        listed = server.json("/api/v1/projects")
        assert [project["name"] for project in listed["projects"]] == ["default"]
        assert [project["name"] for project in listed["deleted"]] == ["signs"]
        restored = server.json(f"{signs}/restore", b"", verb="POST")
        assert restored["model"]["version"] == "1" and restored["images"] == 60
        assert predicted(server, signs, "red") == "red"

        assert server.request(signs, verb="DELETE")[0] == 204
        create(server, "signs")
        server.json(f"{signs}/restore", b"", verb="POST", status=409)
        assert server.request(f"{signs}/trash", verb="DELETE")[0] == 204
        server.json(f"{signs}/trash", verb="DELETE", status=404)
        assert list((tmp_path / "projects" / ".trash").iterdir()) == []
        for path in ("/api/v1/projects/default", "/api/v1/projects/none"):
            assert server.request(path, verb="DELETE")[0] in (404, 409)


def test_invalid_names_and_recipes_are_rejected(tmp_path):
    with start(tmp_path, "--max-projects", 2) as server:
        for name in ("../x", "a/b", "A", "default", "-a", "a.b", "ä", "a" * 65, "a b", ".", "..", "%2e%2e"):
            server.json("/api/v1/projects", {"name": name}, status=422)
        server.json("/api/v1/projects", {}, status=400)
        server.json("/api/v1/projects", {"name": "a", "colour": 1}, status=400)
        server.json("/api/v1/projects", {"name": "a", "preset": "huge"}, status=422)
        server.json("/api/v1/projects", {"name": "a", "backbone": "resnet"}, status=422)
        server.json(
            "/api/v1/projects", {"name": "a", "preset": "tiny", "backbone": "efficientnet-lite0"}, status=422
        )
        for path in ("..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "hands%00", "."):
            for rest in ("", "/model", "/dataset", "/predict"):
                assert server.request(f"/api/v1/projects/{path}{rest}")[0] in (400, 404, 405), (path, rest)
        assert not (tmp_path / "projects").exists() or not any((tmp_path / "projects").iterdir())
        create(server, "a")
        server.json("/api/v1/projects", {"name": "a"}, status=409)
        create(server, "b")
        refused = server.json("/api/v1/projects", {"name": "c"}, status=409)
        assert "--max-projects" in refused["detail"]
        server.json("/api/v1/projects/a", {}, verb="PATCH", status=400)
        server.json("/api/v1/projects/a", {"name": "", "title": "unchanged"}, verb="PATCH", status=422)
        assert server.json("/api/v1/projects/a")["title"] == ""
        server.json("/api/v1/projects/a", {"title": "ä" * 200}, verb="PATCH")
        server.json("/api/v1/projects/a", {"title": "ä" * 201}, verb="PATCH", status=422)
        server.json("/api/v1/projects/a", {"name": "b"}, verb="PATCH", status=409)
        server.json("/api/v1/projects/a", {"name": "../b"}, verb="PATCH", status=422)


def test_a_project_whose_backbone_is_not_installed_cannot_be_trained(tmp_path):
    with start(tmp_path) as server:
        made = create(server, backbone="efficientnet-lite0")
        assert made["backbone"] == "efficientnet-lite0" and "preset" not in made
        server.json(f"{HANDS}/dataset/images", class_folders(4))
        refused = server.json(f"{HANDS}/jobs", {"kind": "retrain"}, status=409)
        assert "is not installed" in refused["detail"]


def test_the_open_inference_protocol_and_the_metrics_name_the_project(tmp_path):
    with start(tmp_path) as server:
        create(server)
        server.json("/v2/models/hands", status=404)
        server.json(f"{HANDS}/dataset/images", class_folders())
        assert train(server)["state"] == "succeeded"
        assert server.json("/v2/models/hands")["name"] == "hands"
        assert server.json("/v2/models/cifar10-small")["name"] == "cifar10-small"
        pixels = np.tile(np.array(COLOURS["green"]), (1, 16, 16, 1)).tolist()
        request = {
            "inputs": [{"name": "image", "datatype": "UINT8", "shape": [1, 16, 16, 3], "data": pixels}]
        }
        answer = server.json("/v2/models/hands/infer", request)
        assert answer["model_name"] == "hands"
        assert [out["data"] for out in answer["outputs"] if out["name"] == "label"] == [["green"]]
        rows = server.json("/v2/repository/index", b"", verb="POST")
        assert {row["name"] for row in rows} == {"cifar10-small", "hands"}
        assert len(server.json(f"{HANDS}/predictions")["predictions"]) == 1
        assert server.json("/api/v1/predictions")["predictions"] == []

        text = server.request("/metrics")[1].decode()
        assert 'fovea_model_info{alias="champion",model="hands",project="hands"' in text
        lines = [line for line in text.splitlines() if line.startswith("fovea_predictions_total{")]
        assert len(lines) == 1 and 'class="green"' in lines[0] and 'project="hands"' in lines[0]
        assert text.count("# TYPE fovea_inference_stage_seconds histogram") == 1
        assert 'fovea_dataset_images{class="red",project="hands",split="train"}' in text
        lines = [line for line in text.splitlines() if line.startswith("fovea_model_info")]
        assert ["project" in line for line in lines if "cifar10" in line] == [False]


def test_a_restricted_token_sees_only_its_project(tmp_path):
    tokens = f"admin:{ADMIN},admin@hands:{HANDS_ADMIN},predict@hands:{HANDS_PREDICT}"
    with start(tmp_path, environment={"FOVEA_TOKENS": tokens}) as server:
        admin = {"Authorization": f"Bearer {ADMIN}"}
        mine = {"Authorization": f"Bearer {HANDS_ADMIN}"}
        predict = {"Authorization": f"Bearer {HANDS_PREDICT}"}
        for name in ("hands", "cars"):
            server.json("/api/v1/projects", {"name": name}, headers=admin, status=201)
        server.json(f"{HANDS}/dataset/images", class_folders(4), headers=mine)
        server.json(f"{HANDS}/dataset", headers=predict, status=403)
        for path in (
            "/api/v1/dataset",
            "/api/v1/model",
            "/api/v1/events",
            "/api/statistics",
            "/api/v1/predictions",
        ):
            assert "restricted" in server.json(path, headers=mine, status=403)["detail"]
        for path in ("/dataset", "/model", "/events"):
            server.json(f"/api/v1/projects/cars{path}", headers=mine, status=403)
        server.json("/api/v1/projects/cars", headers=mine, status=403)
        server.json("/api/v1/projects/cars", headers=mine, verb="DELETE", status=403)
        server.json(HANDS, headers=mine, verb="DELETE", status=403)
        server.json(HANDS, {"name": "x"}, headers=mine, verb="PATCH", status=403)
        server.json("/api/v1/projects", {"name": "x"}, headers=mine, status=403)
        listed = server.json("/api/v1/projects", headers=mine)
        assert [project["name"] for project in listed["projects"]] == ["hands"] and listed["deleted"] == []
        assert server.json(HANDS, headers=predict)["images"] == 12
        text = server.request("/metrics", headers=predict)[1].decode()
        assert 'project="hands"' in text and "cars" not in text and "cifar10" not in text
        assert "fovea_http_requests_total" not in text and "process_" not in text
        server.json("/v2/models/cifar10-small", headers=predict, status=404)
        assert server.json("/v2/repository/index", b"", verb="POST", headers=predict) == []
        server.json("/metrics", headers={}, status=401)


def read_events(server, path, trigger):
    """The frames of an event stream that arrive within 3 s after `trigger`."""
    import http.client

    connection = http.client.HTTPConnection(server.address, timeout=3)
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200
    trigger()
    frames = b""
    try:
        while chunk := response.read1(65536):
            frames += chunk
    except TimeoutError:
        pass
    connection.close()
    return frames.decode()


def test_events_are_those_of_one_project(tmp_path):
    with start(tmp_path) as server:
        create(server)
        server.json(f"{HANDS}/dataset/images", class_folders())

        def act():
            assert train(server, epochs=1)["state"] == "succeeded"

        frames = read_events(server, f"{HANDS}/events", act)
        data = [json.loads(line[6:]) for line in frames.splitlines() if line.startswith("data: ")]
        assert data and all(event["project"] == "hands" for event in data)
        assert "event: model" in frames and "event: job" in frames
        body, kind = form(("file", small_image("red", 1), "red.png"))
        frames = read_events(
            server, "/api/v1/events", lambda: (act, server.json("/api/v1/predict", body, type=kind))
        )
        assert "event: predictions" in frames and "project" not in frames


def test_jobs_of_projects_take_turns(tmp_path):
    with start(tmp_path) as server:
        started = []
        for name in ("a", "b"):
            create(server, name)
            server.json(f"/api/v1/projects/{name}/dataset/images", class_folders(8))
        for name in ("a", "b"):
            job = server.json(
                f"/api/v1/projects/{name}/jobs",
                {"kind": "retrain", "epochs": 40 if name == "a" else 5},
                status=202,
            )
            started.append((f"/api/v1/projects/{name}", job["id"]))
        running = set()
        while True:
            states = [server.json(f"{project}/jobs/{number}")["state"] for project, number in started]
            running.add(states.count("running"))
            if all(state == "succeeded" for state in states):
                break
            assert "failed" not in states
            time.sleep(0.05)
        assert max(running) == 1
        first, second = (server.json(f"{project}/jobs/{number}") for project, number in started)
        assert second["started"] >= first["ended"]


def test_a_project_with_a_damaged_model_does_not_stop_the_server(tmp_path):
    with start(tmp_path) as server:
        create(server)
        server.json(f"{HANDS}/dataset/images", class_folders())
        assert train(server, epochs=1)["state"] == "succeeded"
        digest = server.json(f"{HANDS}/models/1")["file_sha256"]
    file = next((tmp_path / "projects" / "hands" / "files").rglob(digest))
    file.chmod(0o600)
    file.write_bytes(b"damaged")
    with start(tmp_path, model=None) as server:
        server.json(f"{HANDS}/model", status=503)
        assert server.json("/api/v1/model")["version"] == "1"
        states = {
            project["name"]: project["state"] for project in server.json("/api/v1/projects")["projects"]
        }
        assert states == {"default": "open", "hands": "broken"}
        assert server.request(HANDS, verb="DELETE")[0] == 204


def test_a_data_directory_of_an_earlier_version_opens(tmp_path):
    with start(tmp_path) as server:
        body, kind = form(("file", small_image("red", 1), "red.png"))
        server.json("/api/v1/predict", body, type=kind)
        before = {path.name for path in tmp_path.iterdir()}
        version = sqlite3.connect(tmp_path / "fovea.db").execute("PRAGMA user_version").fetchone()
    assert "projects" not in before  # nothing is written for the default project alone
    with start(tmp_path, model=None) as server:
        assert len(server.json("/api/v1/predictions")["predictions"]) == 1
        assert names(server) == ["default"]
    assert sqlite3.connect(tmp_path / "fovea.db").execute("PRAGMA user_version").fetchone() == version


def fovea(folder, *arguments, status=0):
    done = subprocess.run(
        [FOVEA, *map(str, arguments), "--data-dir", folder], capture_output=True, text=True, cwd=folder.parent
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_projects_on_the_command_line(tmp_path):
    folder, archive = tmp_path / "data", tmp_path / "colours.zip"
    archive.write_bytes(class_folders(8))
    assert "projects/hands" in fovea(folder, "project", "create", "hands", "--preset", "tiny")
    assert "already a project" in fovea(folder, "project", "create", "hands", status=1)
    assert "not a valid project name" in fovea(folder, "project", "create", "../x", status=1)
    assert "no preset" in fovea(folder, "project", "create", "x", "--preset", "huge", status=1)
    fovea(folder, "data", "import", archive, "--project", "hands")
    error = fovea(folder, "data", "import", archive, "--project", "hand", status=1)
    assert 'no project "hand"' in error and "default, hands" in error
    listed = fovea(folder, "project", "list")
    assert "default" in listed and "24 images  " in listed
    assert "images" in fovea(folder, "data", "list", "--project", "hands")
    assert "images" not in fovea(folder, "data", "list")
    fovea(folder, "train", "--data", "images", "--project", "hands", "--preset", "tiny", "--epochs", 1)
    run = next((folder / "projects" / "hands" / "runs").iterdir())
    model = run / "model.safetensors"
    weights = model.read_bytes()
    assert "accuracy" in fovea(folder, "eval", model, "--data", "images", "--project", "hands").lower()
    assert "images" in fovea(folder, "eval", model, "--data", "images", status=1)
    fovea(folder, "project", "rename", "hands", "signs")
    fovea(folder, "project", "delete", "signs")
    assert "fovea project restore signs" in fovea(folder, "project", "list")
    fovea(folder, "project", "restore", "signs")
    with start(folder) as server:
        assert names(server) == ["default", "signs"]
        assert server.json("/api/v1/projects/signs/dataset/images")["total"] == 24
        assert "in use by another server" in fovea(folder, "project", "delete", "signs", status=1)
        body, kind = form(("model", weights, "model.safetensors"))
        server.json("/api/v1/projects/signs/models", body, type=kind, status=201)
        server.json("/api/v1/projects/signs/models/1/activate", b"", verb="POST")
        assert predicted(server, "/api/v1/projects/signs", "red") in COLOURS
        # A backup while the server runs has the projects, too.
        fovea(folder, "backup", tmp_path / "copy")
    fovea(tmp_path / "restored", "restore", tmp_path / "copy")
    with start(tmp_path / "restored", model=None) as server:
        signs = "/api/v1/projects/signs"
        assert server.json(f"{signs}/model")["version"] == "1"
        assert server.json(f"{signs}/dataset/images")["total"] == 24
        assert len(server.json(f"{signs}/predictions")["predictions"]) == 1


def test_a_project_moves_to_another_server(tmp_path):
    listing = "/dataset/images?limit=1000"

    def images(server, project):
        keys = ("sha256", "label", "split", "source", "file")
        listed = server.json(project + listing)["images"]
        return {tuple(image[key] for key in keys) for image in listed}

    with start(tmp_path / "a") as server:
        create(server, title="Hand signs", preset="tiny")
        server.json(f"{HANDS}/dataset/images", class_folders())
        assert train(server)["state"] == "succeeded"
        digest = server.json(f"{HANDS}/models/1")["weights_sha256"]
        wrong = server.json(HANDS + listing)["images"][0]
        server.json(f"{HANDS}/dataset/images/{wrong['sha256']}", {"label": "purple"}, verb="PATCH")
        before = images(server, HANDS)
        archive = server.request(f"{HANDS}/project.zip")[1]
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            assert {"project.json", "manifest.jsonl", "models/1.safetensors"} <= set(files.namelist())
    with start(tmp_path / "b") as server:
        options = {"type": "application/zip"}
        server.json("/api/v1/projects?name=../x", archive, status=422, **options)
        server.json("/api/v1/projects", archive, status=400, **options)
        made = server.json("/api/v1/projects?name=moved", archive, status=201, **options)
        assert made["title"] == "Hand signs" and made["preset"] == "tiny" and made["model"]["version"] == "1"
        moved = "/api/v1/projects/moved"
        assert images(server, moved) == before
        assert server.json(f"{moved}/models/1")["weights_sha256"] == digest
        assert predicted(server, moved, "red") == "red"
        # The relabelled image is still the only one that the version was not trained on.
        plan = json.loads(server.request(f"{moved}/jobs/plan", {"kind": "retrain"})[1])
        assert plan.get("new_images", 0) <= 1, plan
        server.json("/api/v1/projects?name=moved", archive, status=409, **options)

        # An archive that is not an exported project leaves nothing.
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            damaged = io.BytesIO()
            with zipfile.ZipFile(damaged, "w") as out:
                for name in files.namelist():
                    content = files.read(name)
                    out.writestr(name, b"damaged" if name == "models/1.safetensors" else content)
        for content in (damaged.getvalue(), class_folders(2), archive[: len(archive) * 3 // 4]):
            server.json("/api/v1/projects?name=bad", content, status=422, **options)
        listed = server.json("/api/v1/projects")
        assert [one["name"] for one in listed["projects"]] == ["default", "moved"]
        assert listed["deleted"] == []


def test_projects_of_several_servers_with_postgresql(tmp_path):
    with PostgresServer() as database:
        database.sql("postgres", "CREATE DATABASE fleet TEMPLATE template0 ENCODING 'UTF8'")
        options = ("--database", database.url("fleet"))
        with start(tmp_path, *options) as one, start(tmp_path, *options, model=None) as two:
            create(one)
            one.json(f"{HANDS}/dataset/images", class_folders())
            until = time.monotonic() + 10
            while "hands" not in names(two):
                assert time.monotonic() < until
                time.sleep(0.1)
            assert train(two)["state"] == "succeeded"
            for server in (one, two):
                until = time.monotonic() + 20
                while server.json(f"{HANDS}/status")["model"] is None:
                    assert time.monotonic() < until
                    time.sleep(0.1)
                assert predicted(server, HANDS, "green") == "green"
            assert len(one.json(f"{HANDS}/predictions")["predictions"]) == 2
            assert one.json("/api/v1/predictions")["predictions"] == []
            assert two.request(HANDS, verb="DELETE")[0] == 204
            until = time.monotonic() + 10
            while "hands" in names(one):
                assert time.monotonic() < until
                time.sleep(0.1)
            assert one.json(f"{HANDS}/restore", b"", verb="POST")["model"]["version"] == "1"
            assert predicted(one, HANDS, "red") == "red"
            assert one.request(HANDS, verb="DELETE")[0] == 204
            assert one.request(f"{HANDS}/trash", verb="DELETE")[0] == 204
            rows = database.sql("fleet", "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'project%'")
            assert rows == [["0"]]


def test_a_migration_to_postgresql_moves_the_records_of_projects(tmp_path):
    folder = tmp_path / "data"
    with start(folder) as server:
        create(server)
        body, kind = form(("model", MODEL.read_bytes(), "model.safetensors"))
        server.json(f"{HANDS}/models", body, type=kind, status=201)
        server.json(f"{HANDS}/models/1/activate", b"", verb="POST")
        predicted(server, HANDS, "red")
    with PostgresServer() as database:
        database.sql("postgres", "CREATE DATABASE moved TEMPLATE template0 ENCODING 'UTF8'")
        options = ("--database", database.url("moved"))
        assert "Project hands" in fovea(folder, "migrate", *options)
        with start(folder, *options, model=None) as server:
            assert server.json(f"{HANDS}/model")["version"] == "1"
            assert len(server.json(f"{HANDS}/predictions")["predictions"]) == 1
            assert server.json("/api/v1/predictions")["predictions"] == []
            fovea(folder, "backup", tmp_path / "copy", *options)
        database.sql("postgres", "CREATE DATABASE restored TEMPLATE template0 ENCODING 'UTF8'")
        options = ("--database", database.url("restored"))
        fovea(tmp_path / "restored", "restore", tmp_path / "copy", *options)
        with start(tmp_path / "restored", *options, model=None) as server:
            assert len(server.json(f"{HANDS}/predictions")["predictions"]) == 1


def test_images_that_fovea_train_used_do_not_count_as_new(tmp_path):
    with start(tmp_path) as server:
        server.json("/api/v1/dataset/images", class_folders(20))
        command = [FOVEA, "train", "--data", "images", "--preset", "tiny", "--epochs", "1", "--size", "16"]
        command += ["--data-dir", tmp_path, "--out", tmp_path / "run"]
        subprocess.run(command, check=True, capture_output=True)
        model = (tmp_path / "run" / "model.safetensors").read_bytes()
        time.sleep(1.1)  # times of images are in seconds
        server.json("/api/v1/dataset/images", class_folders(5, first=100))
        uploaded = server.json("/api/v1/models", model, type="application/octet-stream", status=201)
        server.json(f"/api/v1/models/{uploaded['number']}/activate", {})
        plan = server.json("/api/v1/jobs/plan", {"kind": "retrain"})
        assert 0 < plan["new_images"] <= 15 and plan["new_classes"] == []
