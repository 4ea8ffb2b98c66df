#!/usr/bin/env python3
"""Converts a file of `fovea export --format keras-h5` to a TensorFlow SavedModel.

usage: tools/exchange/h5_to_savedmodel.py MODEL.h5 FOLDER

Needs TensorFlow 2.16 or newer (Keras 3). The SavedModel has the endpoint `serve` and the signature
`serving_default`: float32 {batch, size, size, 3}, R G B from 0 to 255, to probabilities {batch, classes}.
FOLDER/assets.extra/fovea.json holds the class names, the preprocessing and the temperature. FOLDER must not
exist.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def convert(source: Path, folder: Path) -> None:
    import h5py
    import keras

    model = keras.models.load_model(source, compile=False)
    with h5py.File(source) as file:
        description = file.attrs.get("fovea")
    # Under a temporary name in the same folder, so that an interrupted run leaves no incomplete SavedModel.
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        model.export(temporary, verbose=False)
        if description is not None:
            extra = temporary / "assets.extra"
            extra.mkdir()
            (extra / "fovea.json").write_text(description, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, metavar="MODEL.h5")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if not arguments.source.is_file():
        sys.exit(f"h5_to_savedmodel.py: {arguments.source} is not a file")
    if arguments.folder.exists():
        sys.exit(f"h5_to_savedmodel.py: {arguments.folder} exists already")
    convert(arguments.source, arguments.folder)
    print(f"{arguments.folder}  (SavedModel of {arguments.source})")


if __name__ == "__main__":
    main()
