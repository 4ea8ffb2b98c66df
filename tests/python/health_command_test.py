"""fovea health: exit status and message for servers in each state."""

import http.server
import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from running_server import FOVEA, RunningServer

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def health(*arguments, **environment):
    done = subprocess.run(
        [FOVEA, "health", *arguments], capture_output=True, text=True, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


@contextmanager
def foreign_server(body):
    """An HTTP server of another program that answers every GET with `body`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_running_server_is_alive_and_ready(tmp_path):
    with RunningServer(tmp_path) as server:
        assert health(server.url) == (0, f"{server.url}/livez: alive\n", "")
        assert health(server.url + "/", "--ready") == (0, f"{server.url}/readyz: ready\n", "")


def test_no_token_is_needed(tmp_path):
    with RunningServer(tmp_path, environment={"FOVEA_TOKENS": "admin:" + "a" * 16}) as server:
        assert server.request("/api/v1/status")[0] == 401
        assert health(server.url, "--ready")[0] == 0


def test_a_server_that_shuts_down_is_alive_and_not_ready(tmp_path):
    server = RunningServer(tmp_path, "--drain-delay", 30)
    try:
        assert health(server.url, "--ready")[0] == 0
        server.process.terminate()
        until = time.monotonic() + 20
        while health(server.url, "--ready")[0] == 0 and time.monotonic() < until:
            time.sleep(0.05)
        assert health(server.url)[0] == 0
        error = f"fovea: {server.url}/readyz: status 503: the server is shutting down\n"
        assert health(server.url, "--ready") == (1, "", error)
    finally:
        server.kill()


def test_proxies_of_the_environment_are_not_used(tmp_path):
    with RunningServer(tmp_path) as server:
        assert health(server.url, http_proxy="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9")[0] == 0


def test_a_closed_port_is_an_error_that_names_it():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # not listening
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        code, out, error = health(url)
    assert (code, out) == (1, "")
    assert error.startswith(f"fovea: {url}/livez: ") and "onnect" in error and error.count("\n") == 1


def test_a_server_without_response_is_an_error_after_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        code, _, error = health(f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "0.5")
        assert code == 1 and "timed out" in error
        assert 0.4 < time.monotonic() - started < 5


@pytest.mark.parametrize("body", [b"hello", b'{"ok":1}', b"[]", b'{"status":1}', b" " * 100_000])
def test_another_program_on_the_port_is_an_error(body):
    with foreign_server(body) as url:
        assert health(url) == (1, "", f"fovea: {url}/livez: this is not a Fovea server\n")


def test_only_http_is_supported():
    code, _, error = health("https://127.0.0.1:8080")
    assert code == 2 and "https://127.0.0.1:8080 does not start with http://" in error
