"""The notebook runs from top to bottom, its committed outputs are complete, and it names what is missing."""

import io
import os
import re
import sys
import tarfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(Path(__file__).parents[2] / "notebook"))
from execute import NOTEBOOK, execute

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
SHARED = Path(os.environ.get("FOVEA_SHARED_DATA", ROOT.parent / "shared" / "data"))
CIFAR = SHARED / "cifar10-jpeg.tar.xz"
DATA_READINGS = 5  # figures 1 to 5 show the images themselves
needs_program = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook, *kinds):
    return [
        output.data[kind]
        for cell in code_cells(notebook)
        for output in cell.outputs
        for kind in kinds
        if kind in output.get("data", {})
    ]


def cells_up_to_the_import(notebook):
    """The number of cells up to the one that imports the images."""
    return 1 + next(i for i, cell in enumerate(notebook.cells) if '"import", IMAGES' in cell.source)


def assert_complete(notebook):
    """All cells were executed in order without errors, and every figure has a reading."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert "error" not in kinds
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
    figures = 0
    for i, cell in enumerate(notebook.cells):
        images = [o for o in cell.get("outputs", []) if {"image/png", "image/jpeg"} & set(o.get("data", {}))]
        if images:
            figures += 1
            assert len(images) == 1
            assert f"### Figure {figures}: " in notebook.cells[i - 1].source
            (text,) = outputs(nbformat.from_dict({"cells": [cell]}), "text/markdown")
            assert text.startswith("**Reading.** ") and len(re.findall(r"\d", text)) >= 2
            assert "nan" not in re.findall(r"\w+", text)
    assert figures >= 8
    return figures


def test_the_committed_notebook_is_executed_and_small_and_has_a_reading_per_figure():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert assert_complete(notebook) == 15
    assert NOTEBOOK.stat().st_size < 1_000_000
    text = NOTEBOOK.read_text()
    assert "/tmp/fovea-notebook" not in text and str(ROOT) not in text


@needs_program
@pytest.mark.skipif(not CIFAR.exists(), reason=f"SKIPPED: there is no {CIFAR}")
def test_the_notebook_runs_from_top_to_bottom_with_the_committed_readings():
    committed = nbformat.read(NOTEBOOK, as_version=4)
    executed = execute()
    assert_complete(executed)
    # The readings of the images are the same everywhere. Those of networks depend in the last digits on the
    # processor; they have the same words, except for those of the training here and of the retraining.
    readings = list(
        zip(*(outputs(notebook, "text/markdown") for notebook in (committed, executed)), strict=True)
    )
    assert all(before == after for before, after in readings[:DATA_READINGS])
    masked = [[re.sub(r"[-+]?\d[\d,.]*", "#", text) for text in pair] for pair in readings]
    changed = [after for before, after in masked if before != after]
    assert len(changed) <= 4, changed


@needs_program
def test_without_images_the_notebook_names_the_command_that_downloads_them(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEA_SHARED_DATA", str(tmp_path))
    monkeypatch.setenv("FOVEA_DATA_DIR", str(tmp_path))
    count = cells_up_to_the_import(nbformat.read(NOTEBOOK, as_version=4))
    with pytest.raises(
        CellExecutionError, match=r"CIFAR-10 was not found.*Get it with: fovea data fetch cifar10"
    ):
        execute(count)


@needs_program
def test_the_notebook_reads_the_official_archive_where_fetch_stores_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEA_SHARED_DATA", str(tmp_path))
    monkeypatch.setenv("FOVEA_DATA_DIR", str(tmp_path))
    rng = np.random.default_rng(3)
    (tmp_path / "downloads").mkdir()
    with tarfile.open(tmp_path / "downloads" / "cifar10.tar.gz", "w:gz") as tar:
        for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
            records = rng.integers(0, 256, (20, 3073), dtype=np.uint8)
            records[:, 0] = np.arange(20) % 10
            info = tarfile.TarInfo("cifar-10-batches-bin/" + name)
            info.size = records.size
            tar.addfile(info, io.BytesIO(records.tobytes()))
    notebook = execute(cells_up_to_the_import(nbformat.read(NOTEBOOK, as_version=4)))
    text = "".join(output.text for output in code_cells(notebook)[-1].outputs)
    assert "120 added, 0 duplicates, 0 rejected" in text
    assert re.search(r"total +90 +10 +20", text)
