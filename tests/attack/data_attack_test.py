"""Crashes, lost files and a full disk: nothing acknowledged is lost, nothing unnamed stays, damage is named.

Short by default; ATTACK=full makes 200 kills."""

import contextlib
import io
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from PIL import Image
from running_server import FOVEA, MODEL, RunningServer, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
FULL = os.environ.get("ATTACK") == "full"
KILLS = 200 if FULL else 8


def image_of(seed, size=(24, 24)):
    generator = random.Random(seed)
    image = Image.frombytes("RGB", size, generator.randbytes(size[0] * size[1] * 3))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def upload(server, images, label):
    files = [("file", data, f"{i}.png") for i, data in enumerate(images)]
    body, kind = form(*files, ("label", label))
    return server.json("/api/v1/dataset/images", body, "POST", type=kind)


def stored_hashes(server):
    hashes, cursor = set(), ""
    while True:
        page = server.json(f"/api/v1/dataset/images?limit=1000{cursor}")
        hashes |= {image["sha256"] for image in page["images"]}
        if "next_cursor" not in page:
            return hashes
        cursor = "&cursor=" + page["next_cursor"]


def fovea(*arguments):
    return subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def serve_fails(data):
    return fovea("serve", "--port", "0", "--data-dir", data, "--model", MODEL)


def files_below(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def is_png(path):
    with path.open("rb") as file:
        return file.read(4) == b"\x89PNG"


def audit_entries(server):
    entries, path = [], "/api/v1/audit?limit=1000"
    while path:
        page = server.json(path)
        entries += page["entries"]
        path = page.get("next")
    return entries


@contextlib.contextmanager
def server_to_kill(data):
    server = RunningServer(data)
    try:
        yield server
    finally:
        server.kill()


def test_kills_in_uploads_and_deletes_leave_nothing_unnamed_and_an_audit_entry_for_each_change(tmp_path):
    data = tmp_path / "data"
    generator = random.Random(1)
    acknowledged, uncertain = set(), set()  # hashes that must be stored; that may or may not be
    seed, changes = 0, 0  # changes: acknowledged ones
    for _ in range(KILLS):
        with server_to_kill(data) as server:
            before = stored_hashes(server)
            assert acknowledged - uncertain <= before
            acknowledged = before
            uncertain = set()
            originals = {path.name for path in (data / "files").rglob("*") if path.is_file() and is_png(path)}
            assert originals == before, "files that nothing names, or images without their file"
            assert [name for name in files_below(data) if name.startswith(".") and len(name) > 8] == []
            audited = [e for e in audit_entries(server) if e["action"] in ("upload images", "delete images")]
            assert len(audited) >= changes
            assert len({e["detail"]["change"] for e in audited}) == len(audited), "an entry twice"
            changes = len(audited)

            killer = threading.Timer(
                generator.uniform(0.0, 0.25), server.process.send_signal, [signal.SIGKILL]
            )
            killer.start()
            with contextlib.suppress(OSError):
                while True:
                    if acknowledged and generator.random() < 0.5:
                        hashes = generator.sample(sorted(acknowledged), min(len(acknowledged), 10))
                        uncertain |= set(hashes)
                        server.json("/api/v1/dataset/delete", {"sha256": hashes})
                        acknowledged -= set(hashes)
                        uncertain -= set(hashes)
                    else:
                        images = [image_of(seed + i) for i in range(12)]
                        seed += 12
                        report = upload(server, images, "cat")
                        acknowledged |= {result["sha256"] for result in report["results"]}
                    changes += 1
            killer.join()
            server.process.wait()
    print(f"{KILLS} kills: {len(acknowledged)} images, {changes} audited changes, nothing lost or unnamed")


@pytest.mark.parametrize("damage", ["missing", "empty", "older"])
def test_a_lost_index_refuses_changes_and_is_repaired(tmp_path, damage):
    data = tmp_path / "data"
    index = data / "datasets" / "images" / "index"
    with RunningServer(data) as server:
        upload(server, [image_of(i) for i in range(5)], "cat")
        older = index.read_bytes()
        upload(server, [image_of(i) for i in range(5, 10)], "dog")
        before = stored_hashes(server)
    if damage == "missing":
        index.unlink()
    else:
        index.write_bytes(older if damage == "older" else b"")
    pixels = (index.parent / "pixels-0").read_bytes()
    with RunningServer(data) as server:
        until = time.monotonic() + 30
        while not any("is damaged" in line and "fovea data repair" in line for line in server.log):
            assert time.monotonic() < until, server.log
            time.sleep(0.05)
        body, kind = form(("file", image_of(99), "a.png"), ("label", "cat"))
        status, reply = server.request("/api/v1/dataset/images", body, "POST", type=kind)
        assert status == 500 and b"fovea data repair" in reply
        assert (index.parent / "pixels-0").read_bytes() == pixels
        checked = fovea("data", "check", "--data-dir", data)
        assert checked.returncode == 1 and "is damaged" in checked.stdout
        repaired = fovea("data", "repair", "images", "--data-dir", data)
        assert repaired.returncode == 0 and "10 images" in repaired.stdout, repaired.stderr
        assert stored_hashes(server) == before
        upload(server, [image_of(99)], "cat")
    assert fovea("data", "check", "--data-dir", data).returncode == 0


@pytest.mark.parametrize("damage", ["missing", "empty", "not a database"])
def test_lost_records_are_named_and_the_models_registered_again(tmp_path, damage):
    data = tmp_path / "data"
    with RunningServer(data) as server:
        weights = server.json("/api/v1/models")["versions"][0]["weights_sha256"]
        upload(server, [image_of(1)], "cat")
    for path in data.glob("fovea.db*"):
        path.unlink()
    if damage == "empty":
        (data / "fovea.db").touch()
    elif damage == "not a database":
        (data / "fovea.db").write_text("this is not a database" * 1000)
    files = files_below(data / "files")
    refused = serve_fails(data)
    assert refused.returncode == 1 and "fovea.db" in refused.stderr
    assert files_below(data / "files") == files
    repaired = fovea("data", "repair", "--data-dir", data)
    assert repaired.returncode == 0 and "registered 1 version" in repaired.stdout, repaired.stderr
    with RunningServer(data, model=None) as server:
        assert server.json("/api/v1/models")["versions"][0]["weights_sha256"] == weights
        assert len(stored_hashes(server)) == 1


def test_a_second_server_is_refused_when_the_lock_file_was_removed(tmp_path):
    with RunningServer(tmp_path / "data") as server:
        (tmp_path / "data" / "lock").unlink()
        refused = serve_fails(tmp_path / "data")
        assert refused.returncode == 1 and "in use by another server" in refused.stderr
        server.json("/readyz")


def test_a_damaged_row_hides_no_others_and_is_named(tmp_path):
    data = tmp_path / "data"
    with RunningServer(data) as server:
        for i in range(3):
            server.json("/api/v1/predict", image_of(i), "POST", type="image/png")
    with contextlib.closing(sqlite3.connect(data / "fovea.db")) as database, database:
        database.execute("UPDATE predictions SET probabilities = x'00' WHERE id = 2")
        database.execute(
            "INSERT INTO versions "
            "SELECT 7, model_sha256, weights_sha256, NULL, '{', created, NULL FROM versions"
        )
        database.execute(
            "INSERT INTO jobs(kind, state, reason, options, created) VALUES('retrain', 'odd', '', '{', 1)"
        )
    with RunningServer(data) as server:
        assert [p["id"] for p in server.json("/api/v1/predictions")["predictions"]] == [3, 1]
        assert any("prediction 2 is damaged" in line for line in server.log)
        versions = server.json("/api/v1/models")["versions"]
        assert [v["number"] for v in versions] == [7, 1]
        assert "damaged" in versions[0]
        assert len(server.json("/api/v1/jobs")["jobs"]) == 1


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True)
    if done.returncode != 0:
        pytest.skip("SKIPPED: mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_can_be_read_and_emptied(small_disk):
    data = small_disk / "data"
    with RunningServer(data) as server:
        hashes = [r["sha256"] for r in upload(server, [image_of(i) for i in range(50)], "cat")["results"]]
        for i in range(20):
            server.json("/api/v1/predict", image_of(i, (200, 200)), "POST", type="image/png")
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb") as filler:
            while True:
                filler.write(bytes(1 << 16))
                filler.flush()
        assert shutil.disk_usage(small_disk).free < 1 << 16
        body, kind = form(("file", image_of(99), "a.png"), ("label", "cat"))
        assert server.request("/api/v1/dataset/images", body, "POST", type=kind)[0] == 507
        for path in ("/api/v1/statistics", "/api/v1/predictions", "/api/v1/dataset", "/api/v1/insights"):
            assert server.request(path)[0] == 200, path
        assert server.json("/api/v1/dataset/delete", {"sha256": hashes})["changed"] == 50
        assert server.json("/api/v1/predictions/1", verb="DELETE") == {"deleted": 1}
        assert server.json("/api/v1/predictions?confirm=all", verb="DELETE")["deleted"] == 19
        actions = [entry["action"] for entry in audit_entries(server)]
        assert actions[:3] == ["delete predictions", "delete prediction", "delete images"]
        (small_disk / "filler").unlink()
        upload(server, [image_of(99)], "cat")
    with RunningServer(data) as server:
        assert len(stored_hashes(server)) == 1
