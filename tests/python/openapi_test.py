"""The OpenAPI document: its validity, the roles it states, and schemathesis against a server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from api_server import ADMIN, PREDICT, Document, Server
from openapi_spec_validator import OpenAPIV31SpecValidator
from running_server import FOVEA, MODEL, ROOT, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
HERE = Path(__file__).parent
EXAMPLES = os.environ.get("FOVEA_FUZZ_EXAMPLES", "10")  # per operation


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data")) as server:
        yield server


def test_the_document_is_openapi_3_1(server):
    errors = [error.message for error in OpenAPIV31SpecValidator(Document(server).raw).iter_errors()]
    assert errors == []


def test_each_operation_requires_the_described_role(server):
    api = Document(server)
    roles = set()
    for operation, (verb, path, described) in api.operations.items():
        role = described["security"][0]["token"][0] if described["security"] else "open"
        roles.add(role)
        for token, insufficient in ((None, role != "open"), (PREDICT, role == "admin")):
            response = server.send(
                verb.upper(),
                api.target(
                    operation, **dict.fromkeys([part.split("}")[0] for part in path.split("{")[1:]], "0")
                ),
                token=token,
            )
            refused = 401 if token is None else 403
            assert (response.status == refused) == insufficient, (operation, token, response.status)
            if insufficient:
                api.check(operation, response.status, response.headers, response.read())
            response.connection.close()
    assert roles == {"open", "predict", "admin"}


def seed(server):
    """Creates the objects whose ids fuzz.toml uses."""
    api = Document(server)
    images = ROOT / "tests" / "data" / "images"
    names = ("grey.png", "rgb.bmp", "upright.png")
    for name in names:
        api.call("predict", body=((images / name).read_bytes(), "image/png"))
    report = api.call(
        "upload_images",
        body=form(*[("file", (images / name).read_bytes(), name) for name in names], ("label", "cat")),
    )
    model = MODEL.read_bytes()
    for _ in range(2):
        api.call("upload_version", 201, body=(model, "application/octet-stream"))
    api.call("remove_version", 204, version=3)
    api.call("create_job", 202, body={"kind": "evaluate", "version": 1})
    return [one["sha256"] for one in report["results"]]


def test_schemathesis_finds_no_errors(tmp_path):
    with Server(tmp_path / "data") as server:
        hashes = seed(server)
        config = (HERE / "fuzz.toml").read_text()
        (tmp_path / "schemathesis.toml").write_text(
            config.replace('"SHA256"', ", ".join(f'"{sha256}"' for sha256 in hashes))
        )
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--no-color",
                "run",
                f"{server.url}/openapi.json",
                "--header",
                f"Authorization: Bearer {ADMIN}",
                "--max-examples",
                EXAMPLES,
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        print(run.stdout)
        assert run.returncode == 0
        assert server.process.poll() is None
