"""Hostile clients and a running server. Short by default; ATTACK=full has the sizes of docs/operations.md.

Prints what well-behaved clients saw. The limits are generous, because the machine may be busy: a server that
waits for a hostile client exceeds them by seconds."""

import contextlib
import gzip
import http.client
import io
import json
import os
import resource
import socket
import statistics
import tarfile
import threading
import time

import pytest
from PIL import Image
from running_server import FOVEA, ROOT, RunningServer, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
FULL = os.environ.get("ATTACK") == "full"
SHIP = (ROOT / "www" / "src" / "samples" / "ship.jpg").read_bytes()
SECONDS = 10 if FULL else 2
LONGEST = 2.0  # seconds that a request of a well-behaved client may take on a busy machine


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    with RunningServer(tmp_path_factory.mktemp("attack") / "data") as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def address(server):
    host, port = server.address.split(":")
    return host, int(port)


def connect(server, data=b""):
    connection = socket.create_connection(address(server), timeout=30)
    if data:
        connection.sendall(data)
    return connection


class Visitors:
    """Requests /livez and a prediction, each on a new connection, until the end of the block."""

    def __init__(self, server, title):
        self.server, self.title = server, title
        self.times = {"livez": [], "predict": []}
        self.problems = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.visit, args=(name,)) for name in self.times]

    def visit(self, name):
        while not self.ended.is_set():
            start = time.monotonic()
            try:
                connection = http.client.HTTPConnection(*address(self.server), timeout=30)
                if name == "livez":
                    connection.request("GET", "/livez")
                else:
                    connection.request("POST", "/api/v1/predict", SHIP, {"Content-Type": "image/jpeg"})
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.problems.append((name, response.status))
                connection.close()
            except OSError as error:
                self.problems.append((name, repr(error)))
            self.times[name].append(time.monotonic() - start)
            time.sleep(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        for name, times in self.times.items():
            p99 = statistics.quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
            print(
                f"{self.title}: {name} {len(times)} requests, p50 {1000 * statistics.median(times):.1f} ms, "
                f"p99 {1000 * p99:.1f} ms, max {1000 * max(times):.1f} ms"
            )

    def check(self):
        assert self.problems == []
        assert all(len(times) > 3 and max(times) < LONGEST for times in self.times.values()), self.times


UNFINISHED = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
    "a body of 32 MiB that never comes": b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: image/jpeg\r\nContent-Length: 33554432\r\n\r\n",
}


@pytest.mark.parametrize("sent", UNFINISHED)
def test_connections_that_wait_keep_no_client_out(server, sent):
    count = 10_000 if FULL else 1_300
    with contextlib.ExitStack() as stack, Visitors(server, f"{count} connections, {sent}") as visitors:
        until = time.monotonic() + SECONDS
        for _ in range(count):
            connection = socket.create_connection(address(server), timeout=30)
            stack.callback(connection.close)
            with contextlib.suppress(OSError):  # the server closed it
                connection.sendall(UNFINISHED[sent])
        time.sleep(max(0.0, until - time.monotonic()))
    visitors.check()


def test_announced_bodies_take_no_memory(server):
    head = UNFINISHED["a body of 32 MiB that never comes"]
    with contextlib.ExitStack() as stack, Visitors(server, "20 announced bodies") as visitors:
        for _ in range(20):
            stack.callback(connect(server, head).close)
        time.sleep(SECONDS)
    visitors.check()


def hostile_form():
    parameters = "".join(f"; p{i}=1" for i in range(1400))[:7000]
    part = f'--B\r\nContent-Disposition: form-data; name="file"{parameters}\r\n\r\nx\r\n'
    return (part * 1000 + "--B--\r\n").encode(), "multipart/form-data; boundary=B"


def hostile_tensor():
    numbers = ",".join(["0.123456789"] * 700_000)
    tensor = {"name": "images", "shape": [1], "datatype": "FP32"}
    text = json.dumps({"inputs": [tensor]})
    return text.replace("}]", f', "data": [{numbers}]}}]').encode()[: 8 << 20], "application/json"


@pytest.mark.parametrize(
    ("path", "make"),
    [("/api/v1/predict", hostile_form), ("/v2/models/cifar10-small/infer", hostile_tensor)],
    ids=["form", "json"],
)
def test_bodies_that_are_slow_to_parse_delay_no_other_client(server, path, make):
    body, kind = make()
    with Visitors(server, f"{len(body) >> 10} KiB to {path}") as visitors:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            status, _ = server.request(path, body, "POST", type=kind)
            assert 400 <= status < 500, status
    visitors.check()


def test_an_archive_of_holes_costs_nothing(server):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for i in range(200):
            # An old GNU sparse header: no data, 31 MiB of size in memory.
            entry = tarfile.TarInfo(f"cat/{i}.png")
            entry.type = tarfile.GNUTYPE_SPARSE
            block = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
            block[386:398], block[398:410] = b"00000000000\0", b"00000000000\0"
            block[483:495] = b"%011o\0" % (31 << 20)
            block[148:156] = b"        "
            block[148:156] = b"%06o\0 " % sum(block[:512])
            tar.fileobj.write(bytes(block))
            tar.offset += 512
    archive = gzip.compress(out.getvalue())
    before = server.cpu_seconds()
    status, _ = server.request("/api/v1/dataset/images", archive, "POST", type="application/gzip")
    cost = server.cpu_seconds() - before
    print(f"{len(archive)} bytes of sparse entries: {status}, {cost:.2f} s of CPU")
    assert status == 422
    assert cost < 2


def test_a_large_upload_does_not_delay_reads(server, tmp_path):
    images = []
    for i in range(3000 if FULL else 600):
        out = io.BytesIO()
        Image.new("RGB", (64, 64), (i % 256, i // 256, 77)).save(out, "PNG")
        images.append(("file", out.getvalue(), f"{i}.png"))
    body, kind = form(*images, ("label", "plain"))
    longest = 0.0
    with Visitors(server, f"an upload of {len(images)} images") as visitors:
        threads = [
            threading.Thread(target=server.request, args=("/api/v1/dataset/images", body, "POST", kind))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for path in ("/metrics", "/api/v1/models", "/api/v1/predictions?limit=5", "/api/v1/jobs"):
                start = time.monotonic()
                assert server.request(path)[0] == 200
                longest = max(longest, time.monotonic() - start)
        for thread in threads:
            thread.join()
    print(f"longest read beside the uploads: {1000 * longest:.0f} ms")
    visitors.check()
    assert longest < LONGEST


def test_a_valid_token_passes_from_an_address_that_guesses(tmp_path):
    token = "a-valid-admin-token-0123"
    with RunningServer(tmp_path / "data", environment={"FOVEA_TOKENS": f"admin:{token}"}) as server:
        guesses = [
            server.request("/api/v1/jobs", headers={"Authorization": f"Bearer wrong-{i:020}"})[0]
            for i in range(40)
        ]
        assert guesses.count(401) == 20 and guesses.count(429) == 20
        assert server.request("/api/v1/jobs", headers={"Authorization": f"Bearer {token}"})[0] == 200


def test_a_batch_of_large_images_delays_no_small_one(server):
    out = io.BytesIO()
    Image.new("RGBA", (5000, 5000), (90, 120, 200, 255)).save(out, "PNG", compress_level=1)
    count = 20 if FULL else 10
    body, kind = form(*(("file", out.getvalue(), f"{i}.png") for i in range(count)))
    with Visitors(server, f"a form of {count} PNG files of 25 megapixels") as visitors:
        results = server.json("/api/v1/predict", body, "POST", type=kind)["results"]
    assert [result["label"] for result in results] == [results[0]["label"]] * count
    visitors.check()


def test_without_tokens_other_machines_only_classify_and_no_foreign_page_does(tmp_path):
    with RunningServer(tmp_path / "data", "--host", "0.0.0.0") as server:
        server.url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert server.request("/api/v1/predict", SHIP, "POST", type="image/jpeg")[0] == 200
        assert server.request("/readyz")[0] == 200
        for path in (
            "/api/v1/predictions",
            "/api/v1/dataset",
            "/api/v1/predictions/1/image",
            "/api/v1/audit",
        ):
            assert server.request(path)[0] == 403, path
        rebound = {"Host": "attacker.example"}
        for path in ("/api/v1/status", "/api/v1/model", "/api/v1/insights", "/metrics"):
            assert server.request(path, headers=rebound)[0] == 403, path
