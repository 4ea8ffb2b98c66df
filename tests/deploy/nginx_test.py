"""deploy/nginx with two servers, each with its own data directory."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from files import DEPLOY, FOVEA, ROOT, run
from running_server import RunningServer, form

TOKEN = "admin-token-of-the-test"
SHIP = ROOT / "www" / "src" / "samples" / "ship.jpg"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="SKIPPED: nginx is not installed")
needs_program = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def free_port():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return reserved.getsockname()[1]


def configure(folder, addresses, tls=False):
    """Copies the configuration into `folder` with these servers and free ports. Returns the ports."""
    shutil.copytree(DEPLOY / "nginx", folder, dirs_exist_ok=True)
    (folder / "tmp").mkdir()
    ports = {80: free_port(), 443: free_port()}
    upstream = (folder / "fovea-upstream.conf").read_text()
    old = re.findall(r"^ *server [^\n]*\n", upstream, re.M)
    new = "".join(f"  server {address} max_fails=3 fail_timeout=5s;\n" for address in addresses)
    (folder / "fovea-upstream.conf").write_text(upstream.replace("".join(old), new))
    for name in ("fovea.conf", "fovea-tls.conf"):
        text = (folder / name).read_text()
        text = re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{ports[int(found[1])]}", text)
        (folder / name).write_text(text)
    text = (folder / "nginx.conf").read_text()
    text = text.replace("/tmp/", f"{folder}/tmp/").replace("/dev/stderr", f"{folder}/error.log")
    text = text.replace("/dev/stdout", f"{folder}/access.log")
    if tls:
        text = text.replace("include fovea.conf;", "include fovea-tls.conf;")
    (folder / "nginx.conf").write_text("user root;\n" + text)
    return ports


def make_certificate(folder):
    (folder / "tls").mkdir()
    run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
        *("-keyout", folder / "tls" / "key.pem", "-out", folder / "tls" / "cert.pem", "-days", "2"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
    )


@contextmanager
def running_nginx(folder, port):
    options = ["-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    process = subprocess.Popen([NGINX, *options, "-g", "daemon off;"])
    try:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < until and process.poll() is None, (folder / "error.log").read_text()
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def request(url, data=None, headers=None, verb=None, token=TOKEN):
    """Status, fields and body."""
    fields = dict(headers or {})
    if token:
        fields["Authorization"] = f"Bearer {token}"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, fields, method=verb), timeout=60
        ) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def predict(url):
    body, kind = form(("file", SHIP.read_bytes(), "ship.jpg"))
    status, _, reply = request(url + "/api/v1/predict", body, {"Content-Type": kind})
    return status, json.loads(reply)


def serve(folder):
    options = ["--trusted-proxy", "127.0.0.1/32", "--log-format", "json", "--public-predict"]
    return RunningServer(folder, *options, environment={"FOVEA_TOKENS": f"admin:{TOKEN}"})


@pytest.fixture
def two_servers(tmp_path):
    with serve(tmp_path / "a") as first, serve(tmp_path / "b") as second:
        yield first, second


@pytest.fixture
def proxy(tmp_path, two_servers):
    folder = tmp_path / "nginx"
    ports = configure(folder, [server.address for server in two_servers])
    with running_nginx(folder, ports[80]) as url:
        yield url


@pytest.mark.parametrize("tls", [False, True])
def test_nginx_accepts_the_configuration(tmp_path, tls):
    configure(tmp_path / "nginx", ["127.0.0.1:1"], tls)
    make_certificate(tmp_path / "nginx")
    options = ["-p", tmp_path / "nginx", "-c", tmp_path / "nginx" / "nginx.conf"]
    log = run(NGINX, "-t", *options, "-e", tmp_path / "error.log").stderr
    assert "warn" not in log and "test is successful" in log


@needs_program
def test_classifications_are_spread_over_both_servers(proxy, two_servers):
    for _ in range(10):
        status, reply = predict(proxy)
        assert status == 200 and reply["results"][0]["label"] == "ship"
    counts = [request(server.url + "/metrics")[2].decode() for server in two_servers]
    counts = [int(re.search(r"^fovea_inference_images_total (\d+)", text, re.M)[1]) for text in counts]
    assert sum(counts) == 10 and min(counts) >= 3, counts


@needs_program
def test_the_servers_see_the_client_and_not_what_it_claims(proxy, two_servers):
    claims = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    for _ in range(4):
        assert request(proxy + "/api/v1/status", headers=claims)[0] == 200
    time.sleep(0.5)
    lines = [json.loads(line) for server in two_servers for line in server.log if '"request"' in line]
    remotes = {line["remote"] for line in lines if line["path"] == "/api/v1/status"}
    assert remotes == {"127.0.0.1"}


@needs_program
def test_pages_of_the_proxy_may_classify_and_pages_of_other_sites_may_not(proxy):
    def status(origin):
        body, kind = form(("file", SHIP.read_bytes(), "ship.jpg"))
        fields = {"Origin": origin, "Content-Type": kind}
        return request(proxy + "/api/v1/predict", body, fields, token=None)[0]

    assert status(proxy) == 200
    assert status("http://example.org") == 403
    assert status(proxy.rpartition(":")[0]) == 403, "the servers see the port"


@needs_program
def test_body_limits_are_those_of_the_server(proxy):
    status, fields, body = request(proxy + "/api/v1/predict", b"\0" * (33 << 20))
    assert status == 413 and fields["Content-Type"] == "application/problem+json"
    assert json.loads(body)["detail"] == "the request body is larger than the proxy accepts"
    status, _, body = request(proxy + "/api/v1/predict", b"\0" * (31 << 20))
    assert status in {400, 415, 422}, "the server's answer, not that of nginx"
    status, _, body = request(proxy + "/api/v1/dataset/images", b"\0" * (40 << 20))
    assert status in {400, 415, 422}, body


@needs_program
def test_events_arrive_while_the_connection_is_open(proxy, two_servers):
    events = urllib.request.Request(proxy + "/api/v1/events", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(events, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = [stream.readline()]  # the connection is established
        started = time.monotonic()
        for server in two_servers:
            predict(server.url)  # one of them sends the stream
        while not lines[-1].startswith(b"event:") and time.monotonic() - started < 10:
            lines.append(stream.readline())
        assert time.monotonic() - started < 10, lines


@needs_program
def test_a_server_that_dies_fails_no_classification(proxy, two_servers):
    results = []

    def client():
        for _ in range(40):
            results.append(predict(proxy)[0])

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        while len(results) < 30:
            time.sleep(0.01)
        two_servers[0].kill()
        for each in clients:
            each.result()
    two_servers[0].stop = lambda: None  # it is gone
    assert results == [200] * 160


@needs_program
def test_a_server_that_is_stopped_fails_no_classification(proxy, two_servers):
    results = []

    def client():
        for _ in range(40):
            results.append(predict(proxy)[0])

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        while len(results) < 30:
            time.sleep(0.01)
        two_servers[0].process.terminate()
        for each in clients:
            each.result()
    assert results == [200] * 160


class ClosingServer:
    """Accepts connections, reads each request and closes the connection without an answer."""

    def __init__(self):
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(1 << 16).split(b" HTTP")[0].decode())


@pytest.mark.parametrize(
    ("verb", "path", "times"),
    [
        ("GET", "/api/v1/status", 2),
        ("POST", "/api/v1/predict", 2),
        ("POST", "/v2/models/cifar10-small/infer", 2),
        ("POST", "/api/v1/jobs", 1),
        ("POST", "/api/v1/models/rollback", 1),
        ("POST", "/api/v1/dataset/images", 1),
        ("PATCH", "/api/v1/dataset/images/ab", 1),
    ],
)
def test_only_requests_that_may_be_repeated_reach_a_second_server(tmp_path, verb, path, times):
    servers = [ClosingServer(), ClosingServer()]
    ports = configure(tmp_path / "nginx", [server.address for server in servers])
    with running_nginx(tmp_path / "nginx", ports[80]) as url:
        status, fields, body = request(url + path, b"{}" if verb != "GET" else None, verb=verb)
    assert status == 503 and fields["Retry-After"] == "2", body
    assert json.loads(body)["detail"] == "no server is reachable"
    assert servers[0].requests + servers[1].requests == [f"{verb} {path}"] * times


@needs_program
def test_metrics_are_not_public(proxy):
    assert request(proxy + "/metrics")[0] == 404


@needs_program
def test_tls_uses_http_2_and_plain_http_is_redirected(tmp_path, two_servers):
    folder = tmp_path / "nginx"
    ports = configure(folder, [server.address for server in two_servers], tls=True)
    make_certificate(folder)
    with running_nginx(folder, ports[80]):
        curl = ["curl", "--silent", "--show-error", "--cacert", folder / "tls" / "cert.pem"]
        address = f"https://localhost:{ports[443]}"
        plain = run(*curl, "--head", f"http://localhost:{ports[80]}/docs?a=b").stdout.replace("\r", "")
        assert plain.startswith("HTTP/1.1 308") and "\nLocation: https://localhost/docs?a=b" in plain
        ready = run(*curl, "--write-out", "%{http_version} %{ssl_verify_result}", f"{address}/readyz").stdout
        assert ready.startswith('{"status":"ready"') and ready.endswith("}2 0")
        # The servers know that the client used HTTPS: an http page of the same name is another site.
        post = [
            *curl,
            "-F",
            f"file=@{SHIP}",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            address + "/api/v1/predict",
        ]
        assert run(*post, "-H", f"Origin: {address}").stdout == "200"
        assert run(*post, "-H", f"Origin: {address.replace('https', 'http')}").stdout == "403"
