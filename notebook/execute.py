#!/usr/bin/env python3
"""Executes image_classification.ipynb from top to bottom and stores it with its outputs.

usage: build/notebook-venv/bin/python notebook/execute.py [OUTPUT]

Without OUTPUT, the notebook itself is replaced. Set FOVEA_SHARED_DATA or FOVEA_DATA_DIR to the images.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "image_classification.ipynb"


def execute(cells=None):
    """The notebook with its outputs; with `cells`, only that many of its first cells."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = notebook.cells[:cells]
    client = NotebookClient(notebook, timeout=900, kernel_name="python3")
    client.execute(cwd=str(NOTEBOOK.parent))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which differ in each run
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def main():
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK
    notebook = execute()
    temporary = target.with_name(f".{target.name}.new")
    nbformat.write(notebook, temporary)
    os.replace(temporary, target)
    print(f"{target}: {len(notebook.cells)} cells, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
