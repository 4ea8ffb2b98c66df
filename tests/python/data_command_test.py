"""fovea data: the report of import, and fetch of a small archive from a server that closes connections."""

import hashlib
import http.server
import io
import os
import subprocess
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def fovea_data(*arguments, code=0, env=None):
    done = subprocess.run(
        [FOVEA, "data", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def archive():
    """A small cifar-10-binary.tar.gz: 20 records per train batch, 10 in the test batch."""
    rng = np.random.default_rng(3)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
        for name in names:
            count = 10 if name == "test_batch.bin" else 20
            records = rng.integers(0, 256, (count, 3073), dtype=np.uint8)
            records[:, 0] = np.arange(count) % 10
            info = tarfile.TarInfo("cifar-10-batches-bin/" + name)
            info.size = records.size
            tar.addfile(info, io.BytesIO(records.tobytes()))
    return out.getvalue()


class Server:
    """Serves one file, with or without Range; closes the connection after `hang_up_after` bytes."""

    def __init__(self, content):
        self.content, self.ranges, self.hang_up_after, self.knows_range = content, [], None, True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = self.headers.get("Range")
                outer.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                if not outer.knows_range:
                    start = 0
                if self.path != "/c.tar.gz":
                    return self.send_error(404)
                if start >= len(outer.content):
                    return self.send_error(416)
                self.send_response(206 if start else 200)
                body = outer.content[start:]
                self.send_header("Content-Length", str(len(body)))
                if start:
                    end = len(outer.content)
                    self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
                self.end_headers()
                self.wfile.write(body if outer.hang_up_after is None else body[: outer.hang_up_after])

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/c.tar.gz"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server(archive):
    server = Server(archive)
    yield server
    server.http.shutdown()
    server.http.server_close()


def fetch(server, data_dir, code=0, sha256=None, url=None):
    sha256 = sha256 or hashlib.sha256(server.content).hexdigest()
    return fovea_data(
        "fetch", "cifar10", "--url", url or server.url, "--sha256", sha256, "--data-dir", data_dir, code=code
    )


def test_fetch_downloads_verifies_and_imports(server, tmp_path):
    out = fetch(server, tmp_path).stdout
    assert out.startswith("cifar10: 110 added, 0 duplicates, 0 rejected")
    assert out.splitlines()[-2].split() == ["total", "90", "10", "10"]
    assert server.ranges == [None]
    again = fetch(server, tmp_path).stdout  # nothing is downloaded twice
    assert again.startswith("cifar10: 0 added, 110 duplicates, 0 rejected")
    assert server.ranges == [None]


def test_an_interrupted_download_is_resumed(server, tmp_path):
    server.hang_up_after = 100_000
    error = fetch(server, tmp_path, code=1).stderr
    assert "cannot download" in error and "run the command again" in error
    part = tmp_path / "downloads" / "cifar10.tar.gz.part"
    assert part.stat().st_size == 100_000
    assert not (tmp_path / "datasets").exists()
    server.hang_up_after = None
    assert fetch(server, tmp_path).stdout.startswith("cifar10: 110 added")
    assert server.ranges == [None, "bytes=100000-"]
    assert not part.exists()


def test_a_server_without_ranges_restarts_the_download(server, tmp_path):
    server.hang_up_after = 1000
    fetch(server, tmp_path, code=1)
    server.hang_up_after, server.knows_range = None, False
    assert fetch(server, tmp_path).stdout.startswith("cifar10: 110 added")


def test_a_complete_partial_file_is_not_downloaded_again(server, tmp_path):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "cifar10.tar.gz.part").write_bytes(server.content)
    assert fetch(server, tmp_path).stdout.startswith("cifar10: 110 added")


def test_a_wrong_checksum_is_rejected_and_the_file_removed(server, tmp_path):
    error = fetch(server, tmp_path, code=1, sha256="0" * 64).stderr
    assert hashlib.sha256(server.content).hexdigest() in error
    assert list((tmp_path / "downloads").iterdir()) == []
    assert not (tmp_path / "datasets").exists()


def test_a_stale_partial_file_is_replaced(server, tmp_path):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "cifar10.tar.gz.part").write_bytes(b"x" * 5000)
    fetch(server, tmp_path, code=1)
    assert fetch(server, tmp_path).stdout.startswith("cifar10: 110 added")


def test_a_missing_file_and_an_unreachable_server_are_named(server, tmp_path):
    assert "404" in fetch(server, tmp_path, code=1, url=server.url + "x").stderr
    assert "127.0.0.1:1" in fetch(server, tmp_path, code=1, url="http://127.0.0.1:1/x").stderr


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(1)
    for label in ("cat", "dog"):
        folder = tmp_path / "src" / label
        folder.mkdir(parents=True)
        for n in range(20):
            Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).save(folder / f"{n}.png")
    return tmp_path / "src"


def test_import_reports_counts_and_one_line_per_rejected_file(images, tmp_path):
    (images / "cat" / "evil\x1b[2J.png").write_bytes(b"no image")
    (images / "cat" / "copy.png").write_bytes((images / "cat" / "0.png").read_bytes())
    done = fovea_data("import", images, "--name", "pets", "--data-dir", tmp_path / "data")
    assert done.stderr == "rejected cat/evil?[2J.png: this is text, not an image\n"
    lines = done.stdout.splitlines()
    assert lines[0] == "pets: 40 added, 1 duplicate, 1 rejected"
    assert [line.split() for line in lines[2:5]] == [
        ["cat", "16", "2", "2"],
        ["dog", "16", "2", "2"],
        ["total", "32", "4", "4"],
    ]
    shown = fovea_data("show", "pets", "--data-dir", tmp_path / "data").stdout.splitlines()
    assert shown[0] == "pets: 40 images"
    assert shown[1:] == lines[1:]


def test_list_shows_the_datasets_in_the_folder_from_the_environment(images, tmp_path):
    env = {"FOVEA_DATA_DIR": str(tmp_path / "data")}
    assert "There are no datasets in" in fovea_data("list", env=env).stdout
    fovea_data("import", images, "--name", "pets", env=env)
    (line,) = fovea_data("list", env=env).stdout.splitlines()
    assert line.split()[:5] == ["pets", "40", "images", "2", "classes"]


def test_usage_errors_and_missing_datasets_are_reported(tmp_path):
    assert (
        "does not exist"
        in fovea_data("import", tmp_path / "x", "--name", "a", "--data-dir", tmp_path, code=1).stderr
    )
    assert (
        "is not a valid dataset name"
        in fovea_data("import", tmp_path, "--name", "../a", "--data-dir", tmp_path, code=1).stderr
    )
    assert "no dataset" in fovea_data("show", "pets", "--data-dir", tmp_path, code=1).stderr
    fovea_data("import", "--data-dir", tmp_path, code=2)
    fovea_data("fetch", "imagenet", "--data-dir", tmp_path, code=2)


def test_the_default_dataset_is_the_one_the_server_trains_on(server, tmp_path):
    sha256 = hashlib.sha256(server.content).hexdigest()
    fovea_data(
        "fetch",
        "cifar10",
        "--name",
        "images",
        "--url",
        server.url,
        "--sha256",
        sha256,
        "--data-dir",
        tmp_path,
    )
    again = fovea_data("import", tmp_path / "downloads" / "cifar10.tar.gz", "--data-dir", tmp_path)
    assert again.stdout.startswith("images: 0 added, 110 duplicates")


def test_a_missing_public_dataset_names_the_command_that_downloads_it(tmp_path):
    model = ROOT / "models" / "cifar10-small.safetensors"
    commands = (["eval", model], ["train", "--out", tmp_path / "run"], ["data", "show"])
    for verb, *rest in commands:
        name = ["cifar10"] if verb == "data" else ["--data", "cifar10"]
        done = subprocess.run(
            [FOVEA, verb, *map(str, rest), *name],
            capture_output=True,
            text=True,
            env={**os.environ, "FOVEA_DATA_DIR": str(tmp_path)},
        )
        assert done.returncode == 1
        assert f'there is no dataset "cifar10" in {tmp_path}' in done.stderr
        assert "Download it with: fovea data fetch cifar10\n" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_missing_dataset_names_the_import_command_and_the_datasets_that_exist(tmp_path):
    folder = tmp_path / "images" / "a"
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "1.png")
    fovea_data("import", folder.parent, "--name", "signs", "--data-dir", tmp_path)
    error = fovea_data("show", "sings", "--data-dir", tmp_path, code=1).stderr
    assert f"fovea data import FOLDER --name sings --data-dir '{tmp_path}'\n" in error
    assert "Datasets in this data directory: signs" in error
