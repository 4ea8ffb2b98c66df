"""A project that is trained on a backbone, over HTTP. The backbone has random weights."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image
from projects_test import COLOURS, HANDS, class_folders, create, predicted, small_image, start, wait_for_job
from random_backbone import write_random_backbone
from running_server import FOVEA, form
from small_run import fovea

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    file = tmp_path_factory.mktemp("weights") / "weights.pth"
    write_random_backbone(file)
    return file


def retrain(server, **options):
    job = server.json(f"{HANDS}/jobs", {"kind": "retrain", **options}, status=202)
    return wait_for_job(server, HANDS, job["id"])


def explained_prediction(server, model):
    """Unknown images and activation maps in responses."""
    images, kind = form(("file", small_image("red", 4711), "red.png"), ("file", stripes(), "stripes.png"))
    body = server.json(f"{HANDS}/predict?explain=true", images, type=kind)
    near, far = body["results"]
    assert near["label"] == "red" and near["unknown"] is False
    assert 0 < near["distance"] <= model["novelty"]["threshold"] < far["distance"] and far["unknown"] is True
    for result in (near, far):
        shown = result["activation_map"]
        assert shown["label"] == result["label"] and shown["height"] == shown["width"] == 7
        assert len(shown["values"]) == 49
    plain = server.json(f"{HANDS}/predict", images, type=kind)["results"][0]
    assert "activation_map" not in plain
    assert plain["distance"] == pytest.approx(near["distance"], abs=1e-5)
    refused = server.json(f"{HANDS}/predict?explain=1", images, type=kind, status=400)
    assert "explain=1 is neither true nor false" in refused["detail"]
    refused = server.json("/api/v1/predict?explain=true", images, type=kind, status=409)
    assert "has no activation maps" in refused["detail"]


def stripes():
    pixels = np.zeros((48, 48, 3), np.uint8)
    pixels[::2] = 255
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_a_project_is_trained_on_an_installed_backbone(tmp_path, weights):
    fovea("backbone", "import", weights, "--data-dir", tmp_path)
    with start(tmp_path) as server:
        assert server.json("/api/v1/projects")["backbones"] == ["efficientnet-lite0"]
        # The best that is installed is the default.
        made = server.json("/api/v1/projects", {"name": "hands"}, status=201)
        assert made["backbone"] == "efficientnet-lite0" and "preset" not in made
        server.json(f"{HANDS}/dataset/images", class_folders(12))
        plan = server.json(f"{HANDS}/jobs/plan", {"kind": "retrain"})
        assert plan["mode"] == "backbone" and plan["champion"] is None and plan["new_images"] == 33
        assert plan["new_classes"] == sorted(COLOURS) and plan["lacking"] == []
        refused = server.json(f"{HANDS}/jobs", {"kind": "retrain", "epochs": 3}, status=422)
        assert '"epochs" does not apply' in refused["detail"]
        assert plan["fine_tune"] is False and plan["fine_tune_seconds"] > 0

        job = retrain(server)
        assert job["state"] == "succeeded" and job["mode"] == "backbone", job
        result = job["result"]
        assert result["version"] == 1 and result["promoted"] and result["parent"] is None
        assert result["promotion"] == "the first version of the project"
        assert result["metrics"]["cross_validation"]["accuracy"] == 1
        assert result["metrics"]["test_accuracy"] == 1
        assert {colour: predicted(server, HANDS, colour) for colour in COLOURS} == {c: c for c in COLOURS}
        model = server.json(f"{HANDS}/model")
        assert model["name"] == "hands" and model["provenance"]["backbone"] == "efficientnet-lite0"
        assert model["can_explain"] and model["novelty"]["images"] == 33
        assert model["novelty"]["false_alarms"] == pytest.approx(0.05)
        explained_prediction(server, model)
        evaluations = server.json(f"{HANDS}/models/1/evaluations")["evaluations"]
        assert [e["split"] for e in evaluations] == ["test"]
        drawn = {i["name"] for i in server.json(f"{HANDS}/insights")["insights"] if i["has_data"]}
        assert "confusion_matrix" in drawn

        # More images: the gate has few held-out images, finds no loss and promotes.
        server.json(f"{HANDS}/dataset/images", class_folders(6, 100))
        job = retrain(server)
        assert job["state"] == "succeeded", job
        verdict = job["result"]["verdict"]
        assert verdict["decision"] == "promote" and job["result"]["promoted"], job
        assert "too few images to be sure" in verdict["text"]
        assert server.json(f"{HANDS}/model")["version"] == "2"
    with start(tmp_path, model=None) as server:
        assert predicted(server, HANDS, "blue") == "blue"


def test_an_installed_backbone_is_listed_and_downloaded(tmp_path, weights):
    fovea("backbone", "import", weights, "--data-dir", tmp_path)
    file = (tmp_path / "backbones/efficientnet-lite0.safetensors").read_bytes()
    digest = hashlib.sha256(file).hexdigest()
    path = "/api/v1/backbones/efficientnet-lite0/weights"
    with start(tmp_path) as server:
        listed = server.json("/api/v1/backbones")["backbones"]
        assert listed == [
            {"name": "efficientnet-lite0", "input_size": 224, "file_size": len(file), "file_sha256": digest}
        ]
        assert server.request(path) == (200, file)
        assert server.request(path, headers={"If-None-Match": f'"{digest}"'}) == (304, b"")
        for name, reason in {
            "efficientnet-lite1": "efficientnet-lite1 is not installed",
            "resnet": 'there is no backbone "resnet"',
            "..%2fefficientnet-lite0": "does not exist",
        }.items():
            missing = server.json(f"/api/v1/backbones/{name}/weights", status=404)
            assert reason in missing["detail"]


def test_fine_tuning_is_an_option_of_projects_with_a_backbone(tmp_path, weights):
    fovea("backbone", "import", weights, "--data-dir", tmp_path)
    with start(tmp_path) as server:
        create(server, backbone="efficientnet-lite0")
        server.json(f"{HANDS}/dataset/images", class_folders(4))
        frozen = server.json(f"{HANDS}/jobs/plan", {"kind": "retrain"})
        plan = server.json(f"{HANDS}/jobs/plan", {"kind": "retrain", "fine_tune": True})
        assert plan["fine_tune"] is True
        assert plan["memory_bytes"]["needed"] > frozen["memory_bytes"]["needed"]
        assert "Then all layers are trained" in plan["why"]
        wrong = server.json(f"{HANDS}/jobs", {"kind": "retrain", "fine_tune": "yes"}, status=422)
        assert '"fine_tune" cannot be "yes": expected true or false' in wrong["detail"]
        job = retrain(server, fine_tune=True)
        assert job["state"] == "succeeded", job
        verdict = job["result"]["metrics"]["fine_tuning"]
        assert verdict["images"] == plan["new_images"], verdict
        assert job["result"]["metrics"]["cross_validation"]["images"] == plan["new_images"]
        version = server.json(f"{HANDS}/models/{job['result']['version']}")
        said = [note for note in version["manifest"]["notes"] if "held-out images" in note]
        assert len(said) == 1 and ("fine-tuned network was kept" in said[0]) == verdict["kept"]
        assert {colour: predicted(server, HANDS, colour) for colour in COLOURS} == {c: c for c in COLOURS}
        # A project without a backbone refuses it.
        server.json("/api/v1/projects", {"name": "plain", "preset": "small"}, status=201)
        server.json("/api/v1/projects/plain/dataset/images", class_folders(4))
        for path in ("jobs", "jobs/plan"):
            body = {"kind": "retrain", "fine_tune": True}
            refused = server.json(f"/api/v1/projects/plain/{path}", body, status=409)
            assert '"fine_tune" does not apply: the project has no pretrained network' in refused["detail"]


def test_a_backbone_that_is_not_installed_is_named(tmp_path):
    with start(tmp_path) as server:
        assert server.json("/api/v1/projects")["backbones"] == []
        assert server.json("/api/v1/projects", {"name": "plain"}, status=201)["preset"] == "small"
        create(server, backbone="efficientnet-lite0")
        server.json(f"{HANDS}/dataset/images", class_folders(3))
        refused = server.json(f"{HANDS}/jobs", {"kind": "retrain"}, status=409)
        assert "the backbone efficientnet-lite0 is not installed" in refused["detail"]
        assert "./tools/setup backbone efficientnet-lite0" in refused["detail"]
