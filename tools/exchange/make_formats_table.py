#!/usr/bin/env python3
"""Writes the table of docs/formats.md from the results of `./tools/test exchange`.

usage: tools/exchange/make_formats_table.py [--check]

Reads build/exchange/results.json. With --check, compares instead: formats, directions and programs must be
equal; the differences may vary between machines, but the document must not claim less than a tenth of what
was measured.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build/exchange/results.json"
DOCUMENT = ROOT / "docs/formats.md"
BEGIN, END = "<!-- begin: results -->\n", "<!-- end: results -->"
COMMANDS = {
    "ONNX|out": "`fovea export --format onnx`",
    "Keras HDF5|out": "`fovea export --format keras-h5`",
    "Keras HDF5|in": "`fovea import`",
    "TensorFlow SavedModel|out": "`tools/exchange/h5_to_savedmodel.py`",
    "Model file (safetensors)|out": "`tools/exchange/fovea_torch.py`",
    "PyTorch state dict (safetensors)|in": "`fovea import`",
}


def table(results):
    heading = f"largest difference of a probability, {results['images']} images"
    lines = [
        f"| format | out | in | opened by | {heading} |",
        "|---|---|---|---|---|",
    ]
    if results["rows"].keys() != COMMANDS.keys():
        sys.exit(f"make_formats_table.py: {RESULTS} has {list(results['rows'])}, expected {list(COMMANDS)}")
    for key, command in COMMANDS.items():
        name, direction = key.split("|")
        row = results["rows"][key]
        models = ", ".join(f"{model} {value:.1e}" for model, value in row["differences"].items())
        cells = (command, "") if direction == "out" else ("", command)
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {row['program']} | {models} |")
    return "\n".join(lines) + "\n"


def without_numbers(text):
    return re.sub(r"\d\.\de[-+]\d+", "X", text)


def numbers(text):
    return [float(number) for number in re.findall(r"\d\.\de[-+]\d+", text)]


def main():
    fresh = table(json.loads(RESULTS.read_text()))
    document = DOCUMENT.read_text()
    begin, end = document.index(BEGIN) + len(BEGIN), document.index(END)
    if sys.argv[1:] == ["--check"]:
        old = document[begin:end]
        if without_numbers(old) != without_numbers(fresh):
            sys.exit(f"{DOCUMENT} is not up to date; run tools/exchange/make_formats_table.py\n{fresh}")
        for claimed, measured in zip(numbers(old), numbers(fresh)):
            if measured > 10 * claimed and measured > 1e-6:
                sys.exit(f"{DOCUMENT} claims a difference of {claimed}, measured {measured}")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        DOCUMENT.write_text(document[:begin] + fresh + document[end:])
        print(fresh, end="")


if __name__ == "__main__":
    main()
