"""A fleet for the tests of tests/replicas: three servers, PostgreSQL and nginx."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools/dev"))
sys.path.insert(0, str(ROOT / "tests/python"))

import fleet as fleets  # noqa: E402
from running_server import FOVEA, HANDS  # noqa: E402


def pytest_collection_modifyitems(items):
    reason = ""
    if missing := fleets.missing_programs():
        reason = f"SKIPPED: {missing} is not installed"
    elif not FOVEA.exists():
        reason = f"SKIPPED: {FOVEA} is not built"
    elif not HANDS.exists():
        reason = f"SKIPPED: there is no {HANDS}"
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def fleet(tmp_path):
    with fleets.Fleet(tmp_path / "fleet", options=["--job-timeout", "4"]) as started:
        yield started
