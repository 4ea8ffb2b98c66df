"""The image, built twice and started. deploy/docker/test runs it.

Needs buildah and root. A container is started with its own mount, process and IPC name spaces, a read-only
root file system, the user and the command of the image, and no capabilities: what `docker run --read-only
--cap-drop=ALL` does, without a service.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from files import DEPLOY, FOVEA, ROOT, run
from running_server import form

IMAGE = os.environ.get("FOVEA_IMAGE", "")  # empty: build two images from build/release/fovea
LIMIT = 60e6  # bytes, compressed
pytestmark = [
    pytest.mark.skipif(shutil.which("buildah") is None, reason="SKIPPED: buildah is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="SKIPPED: not root"),
    pytest.mark.skipif(not IMAGE and not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built"),
]


def build(tag):
    options = ["--prebuilt", "--no-cache", "--tag", tag]
    run(DEPLOY / "docker" / "build", *options, env={**os.environ, "FOVEA_BUILDER": "buildah"})
    return tag


@pytest.fixture(scope="module")
def image():
    return IMAGE or build("localhost/fovea:test")


@pytest.fixture(scope="module")
def config(image):
    return json.loads(run("buildah", "inspect", "--type", "image", image).stdout)["Docker"]["config"]


@pytest.fixture(scope="module")
def root(image):
    """The folder of the files of a container of the image."""
    container = run("buildah", "from", image).stdout.strip()
    yield Path(run("buildah", "mount", container).stdout.strip())
    run("buildah", "umount", container)
    run("buildah", "rm", container)


CONTAINER = """
set -eu
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777,size=16m tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount --bind /dev "$root/dev"
mount -o remount,ro,bind "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"
"""


class Containers:
    """Starts commands in containers of one image."""

    def __init__(self, root, config, data):
        self.root, self.config, self.data = root, config, data

    def start(self, *arguments, **environment):
        """A process of the entry point of the image with these arguments."""
        settings = {"root": self.root, "data": self.data, "user": self.config["User"], **environment}
        settings |= dict(entry.split("=", 1) for entry in self.config["Env"] if not entry.startswith("PATH="))
        name_spaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts"]
        return subprocess.Popen(
            [*name_spaces, "bash", "-c", CONTAINER, "bash", *self.config["Entrypoint"], *map(str, arguments)],
            env={**os.environ, **{name: str(value) for name, value in settings.items()}},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        out, error = process.communicate(timeout=60)
        return process.returncode, out + error


@pytest.fixture
def containers(root, config, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    user, group = map(int, config["User"].split(":"))
    os.chown(data, user, group)
    tmp_path.chmod(0o755)
    return Containers(root, config, data)


def children(process):
    """The processes below a process, as (pid, status file)."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [(pid, Path(f"/proc/{pid}/status").read_text()) for pid in listed]


def stop(process):
    """Sends SIGTERM to the first process of the container; `unshare` itself ignores it."""
    if process.poll() is None:
        for pid, _ in children(process):
            os.kill(int(pid), signal.SIGTERM)
    process.communicate(timeout=60)


@pytest.fixture
def server(containers):
    """(address, process) of the default command of the image, on a free port."""
    process = containers.start(*containers.config["Cmd"], "--port", "0")
    line = process.stdout.readline()
    found = re.search(r"http://\S+:(\d+)/", line)
    assert found, line + process.stderr.read()
    url = f"http://127.0.0.1:{found[1]}"
    with urllib.request.urlopen(url + "/livez", timeout=30) as response:
        assert response.status == 200  # it now handles SIGTERM
    yield url, process
    stop(process)


def test_a_container_classifies_an_image(server):
    url, _ = server
    body, kind = form(("file", (ROOT / "www" / "src" / "samples" / "ship.jpg").read_bytes(), "ship.jpg"))
    request = urllib.request.Request(url + "/api/v1/predict", body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["results"][0]["label"] == "ship"
    with urllib.request.urlopen(url + "/", timeout=30) as response:
        assert b"<title>" in response.read(), "the page is part of the program"


def test_the_process_has_no_rights(server, config):
    _, process = server
    ((_, status),) = children(process)
    user, group = config["User"].split(":")
    assert user != "0"
    assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M)
    assert re.search(rf"^Gid:\t{group}\t{group}\t{group}\t{group}$", status, re.M)
    assert re.search(r"^CapEff:\t0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M)


def test_the_root_file_system_is_read_only_and_the_data_is_in_its_volume(server, containers):
    _, process = server
    ((pid, _),) = children(process)
    mounts = Path(f"/proc/{pid}/mounts").read_text().splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options["/"] and "rw" in options["/data"]
    assert (containers.data / "fovea.db").exists()


def test_the_health_check_of_the_image_succeeds_and_fails(server, containers, config):
    url, process = server
    kind, program, *arguments = config["Healthcheck"]["Test"]
    assert kind == "CMD" and [program] == config["Entrypoint"]
    assert containers.run(*arguments, url) == (0, f"{url}/livez: alive\n")
    stop(process)
    assert process.returncode == 0, "SIGTERM to the first process ends it"
    code, text = containers.run(*arguments, url)
    assert code == 1 and "onnect" in text


@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
def test_the_program_selects_its_instructions_when_it_starts(containers, instructions):
    shutil.copy(ROOT / "www" / "src" / "samples" / "truck.jpg", containers.data)
    model = "/usr/share/fovea/models/cifar10-small.safetensors"
    code, text = containers.run("predict", model, "/data/truck.jpg", FOVEA_ISA=instructions)
    assert code == 0 and "truck" in text


def test_the_image_has_no_other_program_and_no_package_manager(root):
    programs = [path for path in root.rglob("*") if path.is_file() and os.access(path, os.X_OK)]
    libraries = [path for path in programs if ".so" in path.name]
    assert [path.relative_to(root) for path in programs if path not in libraries] == [Path("usr/bin/fovea")]
    assert not (root / "var" / "lib" / "apt").exists()
    assert not (root / "var" / "lib" / "dpkg" / "status").exists()
    assert len(libraries) > 20


def test_every_library_has_its_package_and_its_licence(root):
    packages = {path.name for path in (root / "var" / "lib" / "dpkg" / "status.d").iterdir()}
    assert {"libc6", "libssl3", "libsqlite3-0", "ca-certificates", "base-files"} <= packages
    for package in packages:
        assert (root / "usr" / "share" / "doc" / package / "copyright").stat().st_size > 100
    documents = root / "usr" / "share" / "doc" / "fovea"
    assert (documents / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (documents / "NOTICE").exists() and (documents / "compiled-in" / "libeigen3-dev").exists()


def test_the_list_of_components_is_valid_cyclonedx_and_complete(root):
    text = (root / "usr" / "share" / "doc" / "fovea" / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    components = json.loads(text)["components"]
    names = {component["name"] for component in components}
    assert {path.name for path in (root / "var" / "lib" / "dpkg" / "status.d").iterdir()} <= names
    npm = [entry for entry in components if entry["purl"].startswith("pkg:npm/")]
    shipped = {entry["name"] for entry in npm if entry["scope"] == "required"}
    assert {"preact", "chart.js", "@kurkle/color"} <= shipped and not {"esbuild", "typescript"} & shipped
    lock = json.loads((ROOT / "www" / "package-lock.json").read_text())["packages"]
    assert len(npm) == len(lock) - 1


def test_the_image_is_small(image, tmp_path):
    size = sum(path.stat().st_size for path in blobs(image, tmp_path).values())
    print(f"compressed size of the image: {size / 1e6:.1f} MB")
    assert 5e6 < size < LIMIT


def blobs(image, folder):
    """The files of the image as a registry stores them, by digest: compressed layers, settings, manifest."""
    target = Path(folder, image.replace("/", "-"))
    run("buildah", "push", "--quiet", "--format", "v2s2", image, f"dir:{target}")
    return {path.name: path for path in target.iterdir() if path.name != "version"}


@pytest.mark.skipif(bool(IMAGE), reason="SKIPPED: an existing image is tested, which is not built again")
def test_two_builds_give_the_same_layers_and_settings(image, tmp_path):
    """buildah also stores random names of its containers (Hostname, container, comment, parent)."""

    def contents(tag):
        files = blobs(tag, tmp_path)
        manifest = json.loads(files["manifest.json"].read_text())
        settings = json.loads(files[manifest["config"]["digest"].removeprefix("sha256:")].read_text())
        assert settings["config"].pop("Hostname")
        kept = {name: settings[name] for name in ("config", "created", "architecture", "os", "rootfs")}
        return [layer["digest"] for layer in manifest["layers"]], kept

    first, second = contents(image), contents(build("localhost/fovea:test-again"))
    assert first[0] == second[0] and len(first[0]) >= 2
    assert first[1] == second[1]


def test_labels_are_those_of_the_project(config):
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "Fovea"
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["org.opencontainers.image.version"])
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels["org.opencontainers.image.revision"])
