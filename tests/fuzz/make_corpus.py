#!/usr/bin/env python3
"""Creates tests/fuzz/corpus, the seed inputs of the fuzzers, a few hundred bytes each.

usage: tests/fuzz/make_corpus.py

Seed images and the model file are in tests/data. Hashes are left blank where the fuzzer computes them.
"""

import io
import json
import lzma
import math
import struct
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))
import torch_files

OUT = Path(__file__).parent / "corpus"


def png(value):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes([0, value])))
        + chunk(b"IEND", b"")
    )


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("train/cat/a.png", png(1)), ("test/d\u00f6g/b.png", png(2)), ("../c", b"c")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("cat/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        end = archive.offset
    return out.getvalue()[: end + 2 * tarfile.BLOCKSIZE]


def zip_file(method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in (("cat/a.png", png(1)), ("dog/b.png", png(2)), ("cat/zeros", bytes(5000))):
            archive.writestr(zipfile.ZipInfo(name), data if method else data[:80], method)
    return out.getvalue()


def old_zip():
    """A zip with names in cp437 and without the flag for UTF-8, and with stray and system files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("Qpfel/2024-01/a.png", "Birnen/b.png", "cover.png", "Birnen/Thumbs.db"):
            archive.writestr(zipfile.ZipInfo(name), png(1)[:80])
    return out.getvalue().replace(b"Qpfel", b"\x8epfel")


def text(value, size):
    return len(value.encode()).to_bytes(size, "little") + value.encode()


def checkpoint():
    texts = {
        "epoch": "1",
        "batch": "2",
        "seen": "64",
        "correct": "9",
        "loss": "1.5",
        "seconds": "0.25",
        "lr": "0.1",
        "plateau.best": "1e9",
        "plateau.waited": "0",
        "plateau.factor": "1",
        "early.best": "0.5",
        "early.best_epoch": "0",
        "history.0": "0 1 1 0.1 2.5 0.2 2.25 0.3 7",
    }
    out = b"FOVEACKP" + struct.pack("<II", 1, len(texts))
    out += b"".join(text(k, 4) + text(v, 4) for k, v in sorted(texts.items()))
    out += struct.pack("<I", 2)
    out += text("best.0", 4) + struct.pack("<4I3f", 1, 1, 1, 3, 0.5, -1, 2)
    return out + text("weight", 4) + struct.pack("<4I", 0, 1, 1, 1)


def dataset_index():
    def image(number, label, split, offset):
        return (
            bytes([number] * 32)
            + struct.pack("<IBIIIQQB", label, split, 2, 1, 0, offset, 1_700_000_000, 1)
            + text(f"cat/{number}.png", 2)
        )

    out = b"FOVEASET" + struct.pack("<II", 2, 2) + text("cat", 2) + text("dog", 2)
    out += struct.pack("<III", 4, 1, 3) + struct.pack("<Q", 12) + struct.pack("<I", 2)
    out += image(7, 0, 0, 0) + image(9, 1, 2, 6)
    return out + struct.pack("<I", 1) + bytes([8] * 32) + b"\1"


def feature_statistics():
    tensors = {"means": [2, 2], "covariance": [2, 2], "held_out_labels": [1, 1], "held_out": [1, 2]}
    header = {
        "__metadata__": {
            "header_sha256": "0" * 64,
            "sha256": "0" * 64,
            "classes": '["cat","dog"]',
            "counts": "[3,4]",
            "data": "d",
            "data_revision": "r",
            "evaluation": "{}",
            "fovea_features": "1",
            "kind": "fovea-features",
            "weights_sha256": "a" * 64,
        }
    }
    data = b""
    for name, (rows, columns) in tensors.items():
        half = name == "held_out"
        numbers = [1] if name == "held_out_labels" else [1, 0.5, 0.5, 1][: rows * columns]
        values = struct.pack(f"<{rows * columns}{'e' if half else 'f'}", *numbers)
        header[name] = {
            "dtype": "F16" if half else "F32",
            "shape": [rows, columns],
            "data_offsets": [len(data), len(data) + len(values)],
        }
        data += values
    written = json.dumps(header, separators=(",", ":")).encode()
    written += b" " * (-len(written) % 8)
    return struct.pack("<Q", len(written)) + written + data


def state_dict():
    tensors = {"bn1.bias": [2], "bn1.running_mean": [2], "bn1.running_var": [2], "bn1.weight": [2]}
    tensors |= {"conv1.weight": [2, 3, 1, 1], "fc.bias": [2], "fc.weight": [2, 2]}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, shape in tensors.items():
        values = struct.pack("<f", 1) * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    counter = [len(data), len(data) + 8]
    header["bn1.num_batches_tracked"] = {"dtype": "I64", "shape": [], "data_offsets": counter}
    written = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(written)) + written + data + bytes(8)


def torch_state():
    """A convolution stored with other strides, two tensors in one storage, and a counter."""
    weights = torch_files.Storage("0", [0.5 * i for i in range(12)])
    counter = torch_files.Storage("1", [7], whole=True)
    state = torch_files.tensors({})
    state["_conv_stem.weight"] = torch_files.Tensor(weights, (2, 3, 1, 2), (1, 2, 12, 6))
    state["_bn0.bias"] = torch_files.Tensor(weights, (2,), offset=10)
    state["_bn0.num_batches_tracked"] = torch_files.Tensor(counter, ())
    state._metadata = torch_files.OrderedDict({"": {"version": 1}})
    return state


def torch_archive():
    """The pickle and the numbers of the zip form, as the fuzzer takes them; libarchive unpacks the zip."""
    state = torch_state()
    del state["_bn0.num_batches_tracked"]
    written = torch_files.pickled(state)
    return struct.pack("<H", len(written)) + written + state["_bn0.bias"].storage.data


def keras_config(functional):
    """A model_config as Keras 3 writes it; the functional one has a residual block."""
    conv = {"filters": 3, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "activation": "relu"}
    layers = [
        ("InputLayer", "image", {"batch_shape": [None, 8, 8, 3]}, []),
        ("Rescaling", "scale", {"scale": [0.01, 0.01, 0.01], "offset": [-1, -1, -1]}, ["image"]),
        ("Conv2D", "conv", conv, ["scale"]),
        ("BatchNormalization", "bn", {"axis": [3], "momentum": 0.9, "epsilon": 1e-5}, ["conv"]),
        ("Add", "add", {}, ["scale", "bn"]),
        ("ZeroPadding2D", "pad", {"padding": [[1, 1], [1, 1]]}, ["add"]),
        ("Conv2D", "conv2", {**conv, "padding": "valid", "activation": "gelu"}, ["pad"]),
        ("MaxPooling2D", "pool", {"pool_size": [2, 2], "strides": None}, ["conv2"]),
        ("Flatten", "flat", {}, ["pool"]),
        ("Dropout", "drop", {"rate": 0.5}, ["flat"]),
        ("Dense", "dense", {"units": 4, "activation": "linear"}, ["drop"]),
        ("Rescaling", "temperature", {"scale": 0.5, "offset": 0.0}, ["dense"]),
        ("Softmax", "out", {"axis": -1}, ["temperature"]),
    ]
    written = []
    for kind, name, config, inputs in layers:
        layer = {"class_name": kind, "config": {"name": name, **config}}
        if functional:
            tensors = [{"config": {"keras_history": [name, 0, 0]}} for name in inputs]
            layer |= {"name": name, "inbound_nodes": [{"args": [tensors]}] if inputs else []}
        elif kind == "Add":
            continue
        written.append(layer)
    kind = "Functional" if functional else "Sequential"
    return json.dumps({"class_name": kind, "config": {"layers": written}}, separators=(",", ":")).encode()


def infer(inputs, raw=b"", **more):
    written = json.dumps({"inputs": inputs, **more}).encode()
    return (str(len(written)).encode() if raw else b"") + b"\n" + written + raw


BINARY = {"binary_data_size": 12}
PIXELS = {"name": "image", "datatype": "UINT8", "shape": [1, 2, 2, 3]}
FILES = {"name": "image_bytes", "datatype": "BYTES", "shape": [2]}

SEEDS = {
    "archive": {
        "tar": tar(),
        "tar.xz": lzma.compress(tar()),
        "stored.zip": zip_file(zipfile.ZIP_STORED),
        "deflated.zip": zip_file(zipfile.ZIP_DEFLATED),
        "old.zip": old_zip(),
    },
    "checkpoint": {"small": checkpoint()},
    "dataset_index": {"small": dataset_index()},
    "feature_statistics": {"small": feature_statistics()},
    "infer_request": {
        "json": infer([{**PIXELS, "data": [[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 255]]]]}], id="a"),
        "binary": infer(
            [{**PIXELS, "parameters": BINARY}], bytes(range(12)), parameters={"binary_data_output": True}
        ),
        "files": infer(
            [{**FILES, "data": ["aGVsbG8=", "Qk0="]}],
            outputs=[{"name": "label", "parameters": {"binary_data": False}}],
        ),
        "binary_files": infer([{**FILES, "parameters": BINARY}], b"\3\0\0\0abc\1\0\0\0d"),
    },
    "json_body": {
        "retrain": b'{"kind":"retrain","mode":"auto","epochs":3,"lr":1e-2,"seed":7,'
        b'"gate":{"alpha":0.05},"promote":"never"}',
        "evaluate": b'{"kind":"evaluate","version":2,"split":"test"}',
        "label": '{"label":"k\u00e4tzchen","reason":"\\u00e4\\ud83d\\ude00"}'.encode(),
    },
    "keras_config": {"functional": keras_config(True), "sequential": keras_config(False)},
    "multipart": {
        "form": b'multipart/form-data; boundary="x Y"\n--x Y\r\n'
        b'Content-Disposition: form-data; name="label"\r\n\r\ncat\r\n--x Y\r\n'
        b'Content-Disposition: form-data; name=file; filename="a\\"b.png"; '
        b"filename*=UTF-8''na%C3%AFve.png\r\nContent-Type: image/png\r\n"
        b"Content-Transfer-Encoding: binary\r\n\r\n\x89PNG\r\n--x\r\n--x Y--\r\n",
        "empty": b"multipart/form-data;boundary=b\n--b--",
        "case": b"multipart/form-Data",
        "odd": b"multipart/form-data; boundary=a/b=\npreamble\r\n--a/b= \r\n"
        b"Content-Disposition: form-data;\r\n"
        b" name=file;\r\n\tfilename=na\xc3\xafve pic.jpg; filename*=iso-8859-1''na%EFve\r\n\r\n"
        b"data\r\n--a/b=c\r\n--a/b=--\r\nepilogue",
    },
    "state_dict": {"small": state_dict()},
    "tally": {
        "small": json.dumps(
            {
                "n": 3,
                "uncertain": 1,
                "p": [2.5, 0.25, 0.9],
                "ms": 12.5,
                "classes": {"cat": [2, 1.5], "dog": [1, 1.0]},
                "confidence": [1, 2] + [0] * 18,
                "total": [[120, 3]],
                "decode": [[7, 2]],
                "queue": [],
                "compute": [[0, 1]],
            }
        ).encode()
    },
    "torch_state": {"legacy": torch_files.legacy(torch_state()), "archive": torch_archive()},
    "target": {
        "history": b"/api/v1/predictions?limit=20&before=9&from=2026-01-31T12:00:00Z&to=2026-02-01"
        b"&uncertain=true&min_probability=.5",
        "tricks": b"HTTP://host/a%2e%2e/%5C..//b;c?label=k%C3%A4tz+chen&&=x&hours=24&search=%2525#d",
        "page": b"/assets/../index.html?version=1&labelled=0&max_probability=1e0",
    },
}


def main():
    total = 0
    for fuzzer, seeds in SEEDS.items():
        for name, data in seeds.items():
            path = OUT / fuzzer / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            total += len(data)
    print(f"{total} bytes in {OUT}")


if __name__ == "__main__":
    main()
