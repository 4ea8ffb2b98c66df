import json

import numpy as np
import pytest
from metrics_cases import FILE, best_temperature, cases, compute

STORED = json.loads(FILE.read_text())


def same(stored, fresh):
    if isinstance(stored, dict):
        return stored.keys() == fresh.keys() and all(same(stored[k], fresh[k]) for k in stored)
    if isinstance(stored, list):
        return len(stored) == len(fresh) and all(map(same, stored, fresh))
    return stored == fresh if stored is None else fresh == pytest.approx(stored, abs=1e-12)


@pytest.mark.parametrize("stored", STORED["cases"], ids=lambda case: case["name"])
def test_scikit_learn_computes_the_stored_values(stored):
    p = np.array(stored["probabilities"], dtype=np.float32)
    assert same(stored["expected"], compute(p, np.array(stored["labels"])))


def test_the_stored_cases_match_the_script():
    assert [case["name"] for case in STORED["cases"]] == [name for name, _, _ in cases()]


@pytest.mark.parametrize("stored", STORED["temperatures"])
def test_scipy_finds_the_stored_temperatures(stored):
    found = best_temperature(np.array(stored["logits"]), np.array(stored["labels"]))
    assert found == pytest.approx(stored["expected"], rel=1e-6)
