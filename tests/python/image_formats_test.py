"""HEIC and AVIF files over HTTP and on the command line, with libheif and without it."""

import subprocess
import urllib.request

import pytest
from running_server import FOVEA, ROOT, RunningServer, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
FILES = [ROOT / "tests" / "data" / "heif" / name for name in ("still.heic", "still.avif")]
REMEDY = "which is not supported; save it as JPEG, PNG, WebP, GIF or BMP"


def fovea(*arguments, code=0):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def decoded():
    """Whether this build reads HEIC and AVIF: it says so itself."""
    return "HEIC or AVIF" in fovea("predict", "--help")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RunningServer(tmp_path_factory.mktemp("data"), "--threads", 1) as server:
        yield server


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.suffix)
def test_a_heif_image_is_classified_or_the_remedy_is_given(file, server, decoded):
    path, type = "/api/v1/predict", f"image/{file.suffix[1:]}"
    if decoded:
        alone = server.json(path, file.read_bytes(), "POST", type=type)["results"][0]
        assert alone["label"] and "error" not in alone
        png = file.with_name(file.name.replace(".", "_") + "_expected.png").read_bytes()
        assert server.json(path, png, "POST", type="image/png")["results"][0]["label"] == alone["label"]
    else:
        assert REMEDY in server.json(path, file.read_bytes(), "POST", type=type, status=422)["detail"]


def test_a_heif_image_that_is_not_decoded_does_not_affect_others(server, decoded):
    png = (ROOT / "tests" / "data" / "images" / "upright.png").read_bytes()
    body, kind = form(("file", FILES[0].read_bytes(), "a.heic"), ("file", png, "b.png"))
    heic, other = server.json("/api/v1/predict", body, "POST", type=kind)["results"]
    assert ("error" in heic) == (not decoded) and "error" not in other


def test_the_stored_image_keeps_its_type(server, decoded):
    if not decoded:
        pytest.skip("this build reads no HEIC")
    result = server.json("/api/v1/predict", FILES[0].read_bytes(), "POST", type="image/heic")["results"][0]
    with urllib.request.urlopen(f"{server.url}/api/v1/predictions/{result['prediction']}/image") as reply:
        assert reply.headers["Content-Type"] == "image/heic" and reply.read() == FILES[0].read_bytes()


def test_a_folder_of_heif_images_is_imported_or_rejected_with_the_remedy(tmp_path, decoded):
    for name, file in zip(("cat", "dog"), FILES, strict=True):
        (tmp_path / "tree" / name).mkdir(parents=True)
        (tmp_path / "tree" / name / file.name).write_bytes(file.read_bytes())
    out = fovea(
        "data", "import", tmp_path / "tree", "--data-dir", tmp_path / "data", code=0 if decoded else 1
    )
    assert ("images: 2 added" in out) if decoded else (REMEDY in out)
