"""deploy/systemd/fovea.service."""

import shutil

import pytest
from files import DEPLOY, run

UNIT = DEPLOY / "systemd" / "fovea.service"
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="SKIPPED: systemd-analyze is not installed"
)


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that exists, because systemd-analyze checks it."""
    path = tmp_path / "fovea.service"
    path.write_text(UNIT.read_text().replace("/usr/local/bin/fovea", shutil.which("true")))
    return path


def test_systemd_accepts_the_unit(unit):
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    assert "fovea.service" not in done.stderr, done.stderr


def test_systemd_finds_errors(unit):
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSystems="))
    with pytest.raises(AssertionError, match="ProtectSystems"):
        done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
        assert "fovea.service" not in done.stderr, done.stderr


def test_the_exposure_is_low(unit):
    """0 is best, 10 worst; the service needs the network and nothing else."""
    run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
