"""GET /api/v1/models/{version}/export: roles, projects and errors of a running server."""

import json
import sys

import pytest
from api_server import ADMIN, PREDICT, Server
from projects_test import start
from running_server import FOVEA, MODEL, ROOT, RunningServer

sys.path.insert(0, str(ROOT / "clients" / "python" / "src"))
import fovea

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
EXPORT = "/api/v1/models/champion/export?format="


@pytest.fixture(scope="module")
def www(tmp_path_factory):
    """A page with a small template, so that the tests do not need the WebAssembly engine."""
    folder = tmp_path_factory.mktemp("www")
    (folder / "standalone.html").write_text("<title>%FOVEA_TITLE%</title>%FOVEA_FACTS% %FOVEA_MODEL%")
    return folder


def test_an_export_needs_the_role_of_the_weights(tmp_path):
    with Server(tmp_path) as server:
        for token, expected in ((None, 401), ("wrong", 401), (PREDICT, 200), (ADMIN, 200)):
            for path in (EXPORT + "onnx", "/api/v1/models/champion/weights"):
                assert server.request("GET", path, token=token)[0] == expected, (path, token)
        status, headers, body = server.request("HEAD", EXPORT + "onnx", token=PREDICT)
        assert status == 200 and body == b""
        length = len(server.request("GET", EXPORT + "onnx", token=PREDICT)[2])
        assert int(headers["Content-Length"]) == length
        assert headers["Content-Disposition"] == 'attachment; filename="cifar10-small-1.onnx"'
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_token_of_another_project_exports_nothing(tmp_path):
    tokens = "admin:an-admin-token-of-the-tests,predict@signs:a-token-of-the-project"
    with RunningServer(tmp_path, environment={"FOVEA_TOKENS": tokens}) as server:
        fields = {"Authorization": "Bearer a-token-of-the-project"}
        assert server.request(EXPORT + "onnx", headers=fields)[0] == 403


def test_the_client_exports_a_project_under_its_title(tmp_path, www):
    title = "Fish </title><script>alert(1)</script> & Chips"
    with start(tmp_path / "data", "--www", www) as server, fovea.Client(server.url) as client:
        client.create_project("signs", title=title, preset="tiny")
        signs = client.project("signs")
        with pytest.raises(fovea.ApiError) as caught:
            signs.export_model(tmp_path / "x", "onnx")
        assert caught.value.status == 404 and not (tmp_path / "x").exists()
        assert signs.upload_model(MODEL)["number"] == 1
        signs.activate(1)
        html = signs.export_model(tmp_path / "signs.html", "html").read_text()
        assert html.startswith(
            "<title>Fish &lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; Chips</title>"
        )
        assert "<script>" not in html
        facts = json.loads(html[html.index("{") : html.index("}") + 1])
        assert facts["title"] == title and facts["version"] == "1"
        full = signs.export_model(tmp_path / "full.html", "html", 1, precision="full")
        assert '"precision":"full"' in full.read_text() and '"precision":"half"' in html
        assert (
            signs.export_model(tmp_path / "m.safetensors", "safetensors").read_bytes() == MODEL.read_bytes()
        )
        for format, precision in (("tflite", None), ("onnx", "half"), ("html", "int8")):
            with pytest.raises(fovea.ApiError) as caught:
                signs.export_model(tmp_path / "x", format, precision=precision)
            assert caught.value.status == 400 and (format if precision is None else precision) in str(
                caught.value
            )


def test_a_server_without_the_template_says_so(tmp_path):
    empty = tmp_path / "www"
    empty.mkdir()
    with RunningServer(tmp_path / "data", "--www", empty) as server:
        problem = server.json(EXPORT + "html", status=501)
        assert "built without the WebAssembly engine" in problem["detail"]
        assert (
            server.request(EXPORT + "safetensors")[1]
            == (ROOT / "models/cifar10-small.safetensors").read_bytes()
        )
