"""A short run of compare_decoders.py; run that script for more files."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("count", "options"), [(300, []), (60, ["--heif"])], ids=["all", "heif"])
def test_generated_files_decode_as_in_pillow(count, options):
    script = ROOT / "tests/image/compare_decoders.py"
    done = subprocess.run(
        [sys.executable, script, *options, "--count", str(count), "--seed", "11"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} files, 0 break a rule" in done.stdout
