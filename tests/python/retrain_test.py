"""Retraining over HTTP: hand signs as new classes of the bundled model, with jobs that are killed, resumed,
canceled, promoted and rolled back; without the old images and with CIFAR-10 imported."""

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from running_server import CIFAR, FOVEA, HANDS, RunningServer

pytestmark = [
    pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built"),
    pytest.mark.skipif(not HANDS.exists(), reason=f"SKIPPED: there is no {HANDS}"),
]


@pytest.fixture(scope="module")
def hands():
    """Images per digit, in a fixed order."""
    by_digit = {}
    with tarfile.open(HANDS) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.isfile() and member.name.lower().endswith(".jpg"):
                by_digit.setdefault(member.name.split("/")[-2], []).append(tar.extractfile(member).read())
    return by_digit


def class_folders(hands, count):
    """A zip of class folders with the first `count` images of each digit."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for digit, images in hands.items():
            for i, image in enumerate(images[:count]):
                archive.writestr(f"hand-{digit}/{i}.jpg", image)
    return out.getvalue()


def accuracy_on(server, hands, first=100, count=60):
    files = [
        (f"hand-{digit}/{i}", image)
        for digit, images in hands.items()
        for i, image in enumerate(images[first : first + count])
    ]
    labels = server.predict(files)
    return sum(label == name.split("/")[0] for name, label in labels.items()) / len(files)


def children(server):
    found = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def test_new_classes_without_old_images_from_upload_to_rollback(tmp_path, hands):
    server = RunningServer(tmp_path)
    report = server.json("/api/v1/dataset/images", class_folders(hands, 40))
    assert (report["added"], report["rejected"]) == (200, 0)
    before = accuracy_on(server, hands)
    assert before == 0
    number = server.start_job("retrain")
    assert server.json("/api/v1/jobs", {"kind": "retrain"}, status=409)["job"] == number
    job = server.wait_for_job(number)
    assert job["state"] == "succeeded", (job["state"], job["reason"])
    assert job["mode"] == "frozen" and job["new_images"] == 160
    result = job["result"]
    assert result["verdict"]["decision"] == "promote", result["verdict"]
    assert result["promoted"] and result["version"] == 2
    rules = {rule["name"]: rule for rule in result["verdict"]["rules"]}
    assert rules["old_accuracy"]["passed"] is True and rules["coverage"]["numbers"]["images"] == 1500
    names = {one["name"] for one in result["forgetting"]["classes"]}
    assert {"cat", "hand-0", "hand-4"} <= names and result["forgetting"]["sentences"]
    assert len(job["history"]) == job["epochs"] and job["history"][-1]["val_accuracy"] > 0.7

    assert accuracy_on(server, hands) >= 0.7
    version = server.json("/api/v1/models/champion")
    assert version["number"] == 2 and version["manifest"]["parent"] == 1
    # The evaluation stored with the new model covers all classes.
    evaluation = server.json("/api/v1/models/2/evaluations/model")["evaluation"]
    assert len(evaluation["confusion"]) == 15
    assert {one["name"] for one in evaluation["statistics"]["classes"]} >= {"cat", "hand-0"}

    server.json("/api/v1/models/rollback", b"", verb="POST")
    assert server.json("/api/v1/model")["version"] == "1"
    assert accuracy_on(server, hands) == 0
    actions = [(entry["action"], entry["actor"]) for entry in server.json("/api/v1/audit")["entries"]]
    for step in [("start job", "local"), ("publish", "job 1"), ("activate", "job 1"), ("rollback", "local")]:
        assert step in actions, actions
    assert server.json("/api/v1/predictions?version=2&limit=1000")["predictions"]
    server.stop()


def test_a_killed_retraining_resumes_to_the_same_weights(tmp_path, hands):
    images = class_folders(hands, 12)
    weights = []
    for kill in (None, "server", "child"):
        folder = tmp_path / str(kill)
        server = RunningServer(folder)
        server.json("/api/v1/dataset/images", images)
        number = server.start_job("retrain", epochs=30)
        if kill:
            while not server.job(number)["history"]:
                time.sleep(0.02)
            pids = children(server)
            assert len(pids) == 1
            if kill == "server":
                server.kill()
                until = time.monotonic() + 10
                while os.path.exists(f"/proc/{pids[0]}") and time.monotonic() < until:
                    if re.search(r"^State:\s+Z", Path(f"/proc/{pids[0]}/status").read_text(), re.M):
                        break
                    time.sleep(0.05)
                server = RunningServer(folder, model=None)
                reason = "the server exited while the job was running"
            else:
                os.kill(pids[0], signal.SIGKILL)
                reason = "killed by signal 9"
            job = server.wait_for_job(number)
            assert job["state"] == "interrupted" and reason in job["reason"], job
            assert job["resumable"]
            assert server.json("/api/v1/model")["version"] == "1"
            server.json(f"/api/v1/jobs/{number}/resume", b"", verb="POST", status=202)
        job = server.wait_for_job(number)
        assert job["state"] == "succeeded", (job["state"], job["reason"])
        weights.append(server.json(f"/api/v1/models/{job['result']['version']}")["weights_sha256"])
        server.stop()
    assert weights[0] == weights[1] == weights[2]


def test_a_canceled_retraining_keeps_the_champion_and_another_can_start(tmp_path, hands):
    server = RunningServer(tmp_path)
    server.json("/api/v1/dataset/images", class_folders(hands, 12))
    number = server.start_job("retrain", epochs=1000)
    server.wait_for_job(number, {"running"})
    server.json(f"/api/v1/jobs/{number}", verb="DELETE", status=202)
    assert server.wait_for_job(number)["state"] == "canceled"
    assert server.json("/api/v1/models")["total"] == 1
    second = server.start_job("retrain", epochs=2, promote="never")
    job = server.wait_for_job(second)
    assert job["state"] == "succeeded" and job["result"]["promoted"] is False
    assert server.json("/api/v1/models")["aliases"] == {"challenger": 2, "champion": 1}
    server.stop()


def test_corrected_predictions_are_used_for_training(tmp_path, hands):
    server = RunningServer(tmp_path)
    image = hands["0"][0]
    result = server.json("/api/v1/predict", image)["results"][0]
    path = f"/api/v1/predictions/{result['prediction']}/label"
    assert server.json(path, {"label": "fist"})["training"] == "added"
    for i in range(1, 30):
        result = server.json("/api/v1/predict", hands["0"][i])["results"][0]
        server.json(f"/api/v1/predictions/{result['prediction']}/label", {"label": "fist"})
    job = server.wait_for_job(server.start_job("retrain", gate={"new_class_min_support": 1}))
    assert job["state"] == "succeeded", (job["state"], job["reason"])
    assert job["new_classes"] == ["fist"]
    server.json(f"/api/v1/models/{job['result']['version']}/activate", {}, verb="POST")
    assert server.json("/api/v1/predict", hands["0"][60])["results"][0]["label"] == "fist"
    server.stop()


def test_images_changed_after_a_job_started_are_used_by_the_next_one(tmp_path, hands):
    server = RunningServer(tmp_path)
    first = {digit: hands[digit][:40] for digit in ("0", "4")}
    server.json("/api/v1/dataset/images", class_folders(first, 40))
    job = server.start_job("retrain", gate={"new_class_min_support": 1})
    while "new_images" not in server.json(f"/api/v1/jobs/{job}"):
        time.sleep(0.01)
    assert server.json("/api/v1/dataset/images", class_folders({"4": hands["4"][40:60]}, 20))["added"] == 20
    job = server.wait_for_job(job)
    assert job["state"] == "succeeded", (job["state"], job["reason"])
    server.json(f"/api/v1/models/{job['result']['version']}/activate", {}, verb="POST")
    train = server.json("/api/v1/dataset")["train"]
    plan = server.json("/api/v1/jobs/plan", {"kind": "retrain"})
    assert job["new_images"] + job["old_images"] + plan["new_images"] == train and plan["new_images"] > 0
    newest_first = server.json("/api/v1/dataset/images?label=hand-4&limit=100")["images"]
    used = [image["sha256"] for image in newest_first[-20:]]
    assert server.json("/api/v1/dataset/relabel", {"sha256": used, "label": "hand-0"})["changed"] == 20
    assert server.json("/api/v1/jobs/plan", {"kind": "retrain"})["new_images"] > plan["new_images"] + 5
    server.stop()


def test_an_import_job_downloads_from_a_mirror_and_checks_the_hash(tmp_path):
    def records(shade):
        return b"".join(bytes([label]) + bytes([label * 20 + shade]) * 3072 for label in range(10))

    # The structure of the official archive with fewer images.
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        names = "airplane automobile bird cat deer dog frog horse ship truck".split()
        batches = [(f"data_batch_{i}.bin", records(i)) for i in range(1, 6)]
        meta = ("batches.meta.txt", "".join(name + "\n" for name in names).encode())
        for name, data in [*batches, ("test_batch.bin", records(9)), meta]:
            member = tarfile.TarInfo("cifar-10-batches-bin/" + name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    wrong = {"FOVEA_CIFAR10_URL": archive.as_uri(), "FOVEA_CIFAR10_SHA256": "0" * 64}
    server = RunningServer(tmp_path / "data", environment=wrong)
    job = server.wait_for_job(server.start_job("import", source="cifar10"))
    assert job["state"] == "failed" and "SHA-256" in job["reason"], job
    server.stop()
    right = {**wrong, "FOVEA_CIFAR10_SHA256": hashlib.sha256(archive.read_bytes()).hexdigest()}
    server = RunningServer(tmp_path / "data", environment=right, model=None)
    job = server.wait_for_job(server.start_job("import", source="cifar10"))
    assert job["state"] == "succeeded", (job["state"], job["reason"])
    assert job["result"]["added"] == 60
    assert server.json("/api/v1/dataset")["total"] == job["result"]["added"]
    evaluation = server.json("/api/v1/models/1/evaluations", {}, status=202)["id"]
    job = server.wait_for_job(evaluation)
    assert job["state"] == "succeeded", (job["state"], job["reason"])
    assert server.json("/api/v1/models/1/evaluations")["evaluations"][0]["split"] == "test"
    server.stop()


@pytest.mark.skipif(not CIFAR.exists(), reason=f"SKIPPED: there is no {CIFAR}")
def test_new_classes_with_old_images(tmp_path, hands):
    subprocess.run([FOVEA, "data", "import", CIFAR, "--data-dir", tmp_path], check=True, capture_output=True)
    server = RunningServer(tmp_path)
    server.json("/api/v1/dataset/images", class_folders(hands, 40))
    # Three epochs reach the required accuracy; the default is ten.
    job = server.wait_for_job(server.start_job("retrain", epochs=3), seconds=3600)
    assert job["state"] == "succeeded" and job["mode"] == "full", job
    assert job["result"]["verdict"]["decision"] == "promote", job["result"]["verdict"]
    assert accuracy_on(server, hands) >= 0.85
    print(json.dumps(job["result"], indent=1))
    server.stop()
