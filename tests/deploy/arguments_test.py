"""Every recipe starts the program with a verb and options that it has."""

import re
import shlex

import pytest
from files import DEPLOY, FOVEA, documents, read_json, run

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def commands():
    """(place, arguments) of every container and unit that runs the program."""
    for name, entry in documents("compose/compose.yaml")[0]["services"].items():
        if entry["image"].startswith("${FOVEA_IMAGE"):
            yield f"compose, {name}", entry["command"]
    for path in [
        *sorted((DEPLOY / "kubernetes/base").glob("*.yaml")),
        DEPLOY / "kubernetes/training-job.yaml",
    ]:
        for entry in documents(path):
            if entry.get("kind") in {"Deployment", "Job"}:
                yield f"kubernetes, {path.name}", entry["spec"]["template"]["spec"]["containers"][0]["args"]
    yield "aws-ecs", read_json("aws-ecs/task-definition.json")["containerDefinitions"][0]["command"]
    cloud_run = documents("cloud-run/service.yaml")[0]["spec"]["template"]["spec"]
    yield "cloud-run", cloud_run["containers"][0]["args"]
    yield "azure", documents("azure/containerapp.yaml")[0]["properties"]["template"]["containers"][0]["args"]
    render = documents("render/render.yaml")[0]["services"][0]["dockerCommand"]
    yield "render", shlex.split(render)[1:]
    unit = (DEPLOY / "systemd/fovea.service").read_text()
    yield "systemd", shlex.split(re.search(r"^ExecStart=(.*)", unit, re.M)[1])[1:]
    for arguments in re.findall(r"^CMD (\[.*\])", (DEPLOY / "docker/Dockerfile").read_text(), re.M):
        yield "docker", [part.strip(' "') for part in arguments.strip("[]").split(",")]


def test_the_program_has_every_verb_and_option():
    if " worker " not in run(FOVEA, "--help").stdout:
        pytest.skip("SKIPPED: this program has no verb worker (docs/deploy.md)")
    found = list(commands())
    assert len(found) >= 13
    help_texts = {}
    for place, arguments in found:
        verb = arguments[0]
        if verb not in help_texts:
            help_texts[verb] = run(FOVEA, verb, "--help").stdout
        for argument in arguments[1:]:
            if argument.startswith("--"):
                option = argument.partition("=")[0]
                assert re.search(rf"{option}[ ,]", help_texts[verb]), (
                    f"{place}: {verb} has no option {option}"
                )
