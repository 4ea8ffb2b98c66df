"""Model versions of fovea serve: a server killed at random times loses no acknowledged change and leaves no
partial file; a second server and a damaged champion are rejected with an error message."""

import hashlib
import os
import random
import threading
import time

import pytest
from running_server import FOVEA, MODEL, ROOT, RunningServer

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
OTHER = ROOT / "tests" / "data" / "model-v1.safetensors"
KILLS = int(os.environ.get("FOVEA_KILLS", "5"))


class Server(RunningServer):
    def __init__(self, data_dir, *options):
        super().__init__(data_dir, "--threads", "1", *options, model=None)


def test_a_server_killed_while_publishing_and_activating_loses_nothing(tmp_path):
    files = [MODEL.read_bytes(), OTHER.read_bytes()]
    published, activated = {1: hashlib.sha256(files[0]).hexdigest()}, [1]
    rng = random.Random(7)
    for _ in range(KILLS):
        server = (
            Server(tmp_path, "--model", MODEL)
            if not (tmp_path / "fovea.db").exists()
            else Server(tmp_path, "--keep-versions", 3)
        )
        attempted = []

        def change(server=server, attempted=attempted):
            try:
                while True:
                    data = rng.choice(files)
                    number = server.json("/api/v1/models", data, status=201)["number"]
                    published[number] = hashlib.sha256(data).hexdigest()
                    attempted.append(number)
                    server.json(f"/api/v1/models/{number}/activate", {})
                    activated.append(number)
            except AssertionError as error:  # an unexpected response
                attempted.append(str(error).encode())
            except (OSError, ValueError):
                pass  # the connection closes with the server
            except Exception as error:  # a truncated response (errors of http.client)
                if "http.client" not in type(error).__module__:
                    attempted.append(repr(error).encode())

        worker = threading.Thread(target=change)
        worker.start()
        time.sleep(rng.uniform(0.02, 1.0))
        server.kill()
        worker.join()
        assert not [a for a in attempted if isinstance(a, bytes)], attempted

        server = Server(tmp_path, "--keep-versions", 3)
        try:
            champion = server.json("/api/v1/model")
            # The last acknowledged activation, or the one in progress when the server was killed.
            assert int(champion["version"]) in {activated[-1], *attempted[-1:]}
            activated[-1:] = [int(champion["version"])]
            assert published.get(int(champion["version"])) in {champion["file_sha256"], None}
            listed = server.json("/api/v1/models?limit=100")["versions"]
            for number, sha256 in published.items():  # a fast machine publishes more than one page
                assert server.json(f"/api/v1/models/{number}")["file_sha256"] == sha256
            for version in listed:
                if "removed" not in version:
                    data = server.request(f"/api/v1/models/{version['number']}/weights")[1]
                    assert hashlib.sha256(data).hexdigest() == version["file_sha256"]
            assert not list((tmp_path / "files").glob("*/.*"))
        finally:
            server.kill()
    assert len(published) > 1


def test_a_second_server_on_the_same_directory_is_rejected(tmp_path):
    server = Server(tmp_path, "--model", OTHER)
    try:
        with pytest.raises(RuntimeError, match="in use by another server"):
            Server(tmp_path)
    finally:
        server.kill()


def test_a_damaged_champion_is_reported_and_another_model_can_be_served(tmp_path):
    server = Server(tmp_path, "--model", OTHER)
    sha256 = server.json("/api/v1/model")["file_sha256"]
    server.kill()
    file = tmp_path / "files" / sha256[:2] / sha256
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(RuntimeError, match=f"{sha256}.*damaged.*--model FILE"):
        Server(tmp_path)
    server = Server(tmp_path, "--model", MODEL)
    try:
        assert server.json("/api/v1/model")["version"] == "2"
        assert server.json("/api/v1/models")["aliases"] == {"champion": 2, "previous": 1}
    finally:
        server.kill()
