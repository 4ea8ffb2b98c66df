"""fovea bench: what it prints; no test depends on a speed."""

import json
import os
import subprocess

import pytest
from command_test import CLASSES, FILE, FOVEA, fovea

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def measured(*arguments, **environment):
    done = subprocess.run(
        [FOVEA, "bench", "--seconds", "0.1", "--json", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("mode", ["infer", "train"])
def test_a_preset_is_measured(mode):
    result = measured("--preset", "tiny", "--mode", mode, "--batch", 4, "--threads", 1)
    assert result["network"] == "tiny" and result["size"] == 32 and result["mode"] == mode
    assert result["batch"] == 4 and result["threads"] == 1 and result["dtype"] == "fp32"
    assert 0 < result["min"] <= result["images_per_second"] <= result["max"]
    assert 0 < result["p50_ms"] <= result["p99_ms"]
    assert result["gflops"] > 0 and result["peak_rss_mib"] > 1


def test_a_model_file_is_measured_with_its_own_size():
    result = measured(FILE, "--batch", 1)
    assert result["size"] == 6 and result["network"] == str(FILE)
    assert len(CLASSES) == 3
    assert measured(FILE, "--batch", 2, "--mode", "train")["mode"] == "train"


def test_what_slows_the_machine_down_is_named():
    result = measured("--preset", "tiny", "--threads", 64, FOVEA_ISA="baseline")
    assert result["isa"] == "baseline"
    text = " ".join(result["obstacles"])
    assert "FOVEA_ISA=baseline is set" in text
    assert "64 threads share" in text


def test_the_text_has_the_numbers():
    text = fovea("bench", "--preset", "tiny", "--seconds", 0.1, "--batch", 1, "--threads", 1).stdout
    assert text.startswith("tiny, 32 pixels, inference, batch 1, 1 thread, ")
    for row in ("images per second", "time of a batch", "GFLOP/s", "MiB"):
        assert row in text


def test_wrong_options_are_named():
    assert "give either a model or --preset" in fovea("bench", FILE, "--preset", "tiny", code=2).stderr
    assert "--batch" in fovea("bench", "--batch", 0, code=2).stderr
    assert "no-such-model" in fovea("bench", "no-such-model", code=1).stderr
