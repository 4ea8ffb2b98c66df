"""A model file of format version 1, read with the safetensors package and computed in numpy as a
torch.nn.Sequential with these weights: channels first, Flatten over (c, h, w).

As a script, writes the logits that the C++ test compares with."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import safetensors

DATA = Path(__file__).parent.parent / "data"
FILE = DATA / "model-v1.safetensors"
LOGITS = DATA / "model-v1.logits"


def load():
    with safetensors.safe_open(FILE, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        return tensors, file.metadata()


def header_hash(raw: bytes) -> tuple[str, str]:
    """The header's stored and computed header_sha256 (docs/model-format.md)."""
    header = raw[8 : 8 + int.from_bytes(raw[:8], "little")]
    key = b'"header_sha256":"'
    at = header.index(key) + len(key)
    blank = header[:at] + b"0" * 64 + header[at + 64 :]
    return header[at : at + 64].decode(), hashlib.sha256(blank).hexdigest()


def conv2d(x, weight, bias, stride, pad):
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    k = weight.shape[2]
    size = [(n - k) // stride + 1 for n in x.shape[1:]]
    y = np.zeros((weight.shape[0], *size))
    for i in range(size[0]):
        for j in range(size[1]):
            patch = x[:, i * stride : i * stride + k, j * stride : j * stride + k]
            y[:, i, j] = np.tensordot(weight, patch, 3)
    return y if bias is None else y + bias[:, None, None]


def run(layers, prefix, tensors, x):
    for index, layer in enumerate(layers):
        name = f"{prefix}{index}"
        part = {
            key[len(name) + 1 :]: value.astype(np.float64)
            for key, value in tensors.items()
            if key.startswith(name + ".")
        }
        kind = layer["kind"]
        if kind == "conv2d":
            x = conv2d(x, part["weight"], part.get("bias"), layer["stride"], layer["pad"])
        elif kind == "batch_norm":
            along = (-1,) + (1,) * (x.ndim - 1)
            scale = part["weight"] / np.sqrt(part["running_var"] + layer["eps"])
            shift = part["bias"] - part["running_mean"] * scale
            x = x * scale.reshape(along) + shift.reshape(along)
        elif kind == "relu":
            x = np.maximum(x, 0)
        elif kind == "gelu":
            x = x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
        elif kind == "max_pool":
            n = layer["size"]
            c, h, w = x.shape
            x = x[:, : h // n * n, : w // n * n].reshape(c, h // n, n, w // n, n).max((2, 4))
        elif kind == "flatten":
            x = x.reshape(-1)
        elif kind == "dense":
            x = part["weight"] @ x + part.get("bias", 0)
        elif kind == "residual":
            x = x + run(layer["block"], name + ".block.", tensors, x)
        else:
            assert kind == "dropout", kind
    return x


def logits():
    tensors, metadata = load()
    spec = json.loads(metadata["architecture"])
    height, width, channels = spec["input"]
    x = np.array(
        [
            [[(i * 7 + j * 13 + c * 29) % 23 / 11 - 1 for j in range(width)] for i in range(height)]
            for c in range(channels)
        ]
    )
    return run(spec["layers"], "", tensors, x)


def test_safetensors_reads_pytorch_names_and_shapes():
    tensors, metadata = load()
    shapes = {name: (str(t.dtype), t.shape) for name, t in tensors.items()}
    assert shapes == {
        "0.weight": ("float16", (4, 3, 3, 3)),
        "1.weight": ("float16", (4,)),
        "1.bias": ("float16", (4,)),
        "1.running_mean": ("float16", (4,)),
        "1.running_var": ("float32", (4,)),
        "4.block.0.weight": ("float16", (4, 4, 3, 3)),
        "4.block.0.bias": ("float16", (4,)),
        "6.weight": ("float16", (36,)),
        "6.bias": ("float16", (36,)),
        "6.running_mean": ("float16", (36,)),
        "6.running_var": ("float16", (36,)),
        "8.weight": ("float16", (5, 36)),
        "8.bias": ("float16", (5,)),
        "10.weight": ("float16", (3, 5)),
    }
    assert json.loads(metadata["classes"]) == ["cat", "dog", "b\u00e4r"]
    assert float(metadata["temperature"]) == 1.3
    assert metadata["provenance.seed"] == "7"


def test_both_hashes_can_be_computed_without_the_engine():
    raw = FILE.read_bytes()
    stored, computed = header_hash(raw)
    assert stored == computed
    data = raw[8 + int.from_bytes(raw[:8], "little") :]
    assert load()[1]["sha256"] == hashlib.sha256(data).hexdigest()


def test_the_weights_give_the_stored_logits_in_pytorch_layout():
    expected = np.loadtxt(LOGITS)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(logits(), expected, rtol=1e-9)


if __name__ == "__main__":
    np.savetxt(LOGITS, logits(), fmt="%.17g")
