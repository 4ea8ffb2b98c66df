"""Reads the files of deploy/ for its tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))


def documents(path):
    """The YAML documents of a file."""
    return [document for document in yaml.safe_load_all((DEPLOY / path).read_text()) if document]


def read_json(path):
    return json.loads((DEPLOY / path).read_text())


def run(*command, **options):
    """The completed process of a command that must succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def tool(name):
    """A program of the virtual environment that runs the tests."""
    return Path(sys.executable).parent / name
