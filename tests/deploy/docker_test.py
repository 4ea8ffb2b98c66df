"""deploy/docker: the Dockerfile."""

import re

from files import DEPLOY, ROOT, run, tool


def test_hadolint_accepts_the_dockerfile():
    run(tool("hadolint"), "--failure-threshold", "style", DEPLOY / "docker" / "Dockerfile")


def test_the_image_does_not_depend_on_the_processor_of_the_build_machine():
    dockerfile = (DEPLOY / "docker" / "Dockerfile").read_text()
    cmake = (ROOT / "CMakeLists.txt").read_text()
    assert "native" not in dockerfile
    assert re.search(r'set\(FOVEA_ARCH "x86-64-v2" CACHE', cmake)


def test_versions_are_those_of_the_project():
    version = re.search(r"project\(fovea VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    found = 0
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.suffix in {".yaml", ".json", ""} and "image" not in path.parts:
            for name in re.findall(r"/?fovea:(\d[\w.]*)", path.read_text()):
                found += 1
                assert name == version, path
    assert found >= 6
