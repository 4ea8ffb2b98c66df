#!/usr/bin/env python3
"""Opens a Fovea model file in PyTorch, as an nn.Module whose network can be trained further.

usage: tools/exchange/fovea_torch.py MODEL.safetensors OUT.safetensors

As a program, writes the state dict of the network, which `fovea import OUT.safetensors --like MODEL`
reads. As a module:

    model = fovea_torch.load("model.safetensors")
    probabilities = model(pixels)           # float (n, 3, size, size), R G B from 0 to 255
    model.classes, model.preprocess         # names; {"size", "fit", "mean", "std"}
    fovea_torch.save(model, "trained.safetensors")

Needs PyTorch 1.13 or newer and the package safetensors.
"""

import argparse
import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn


class Residual(nn.Module):
    """y = x + block(x)"""

    def __init__(self, block: nn.Sequential):
        super().__init__()
        self.block = block

    def forward(self, x):
        return x + self.block(x)


class Same(nn.Conv2d):
    """nn.Conv2d with TensorFlow's padding: of an odd number of zeros the larger half is at the end."""

    def forward(self, x):
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        zeros = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[2:]]
        rows, columns = ((total // 2, total - total // 2) for total in zeros)
        return super().forward(nn.functional.pad(x, (*columns, *rows)))


class Dense(nn.Linear):
    """nn.Linear that accepts a map of one pixel."""

    def forward(self, x):
        return super().forward(x.flatten(1))


Size = tuple[int, int, int]  # channels, rows, columns


def build(layers: list[dict], size: Size, is_map: bool = True) -> tuple[nn.Sequential, Size, bool]:
    """The modules of a list of layers (docs/model-format.md), the size of their output, and whether that
    is a map {n, c, h, w} or a vector {n, c}."""
    modules = []
    for layer in layers:
        kind = layer["kind"]
        c, h, w = size
        if kind in ("conv2d", "depthwise_conv2d"):
            kernel, stride, pad = (layer[key] for key in ("kernel", "stride", "pad"))
            out, groups = (layer["out"], 1) if kind == "conv2d" else (c, c)
            options = {"groups": groups, "bias": layer["bias"]}
            if pad == "same":
                modules.append(Same(c, out, kernel, stride, **options))
                size = (out, *(-(-side // stride) for side in (h, w)))
            else:
                modules.append(nn.Conv2d(c, out, kernel, stride, pad, **options))
                size = (out, *((side + 2 * pad - kernel) // stride + 1 for side in (h, w)))
        elif kind == "batch_norm":
            norm = nn.BatchNorm2d if is_map else nn.BatchNorm1d
            modules.append(norm(c, eps=layer["eps"], momentum=layer["momentum"]))
        elif kind == "relu":
            modules.append(nn.ReLU())
        elif kind == "relu6":
            modules.append(nn.ReLU6())
        elif kind == "gelu":
            modules.append(nn.GELU())
        elif kind == "max_pool":
            modules.append(nn.MaxPool2d(layer["size"]))
            size = (c, h // layer["size"], w // layer["size"])
        elif kind in ("global_avg_pool", "global_max_pool"):
            modules.append(nn.AdaptiveAvgPool2d(1) if kind == "global_avg_pool" else nn.AdaptiveMaxPool2d(1))
            size = (c, 1, 1)
        elif kind == "dropout":
            modules.append(nn.Dropout(layer["rate"]))
        elif kind == "flatten":
            modules.append(nn.Flatten())
            size, is_map = (c * h * w, 1, 1), False
        elif kind == "dense":
            modules.append(Dense(c, layer["out"], bias=layer["bias"]))
            size, is_map = (layer["out"], 1, 1), False
        elif kind == "residual":
            block, size, is_map = build(layer["block"], size, is_map)
            modules.append(Residual(block))
        else:
            raise ValueError(f"unknown kind of layer: {kind}")
    return nn.Sequential(*modules), size, is_map


class FoveaModel(nn.Module):
    """Pixels (n, 3, size, size) from 0 to 255 -> probabilities (n, classes)."""

    def __init__(self, metadata: dict[str, str]):
        super().__init__()
        architecture = json.loads(metadata["architecture"])
        self.classes = json.loads(metadata["classes"])
        self.preprocess = json.loads(metadata["preprocess"])
        self.temperature = float(metadata["temperature"])
        height, width, channels = architecture["input"]
        self.network = build(architecture["layers"], (channels, height, width))[0]
        mean, std = (torch.tensor(self.preprocess[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def logits(self, pixels):
        return self.network((pixels / 255 - self.mean) / self.std)

    def forward(self, pixels):
        return torch.softmax(self.logits(pixels) / self.temperature, dim=1)


def load(path: str | Path) -> FoveaModel:
    """Reads a model file; the result is in evaluation mode."""
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        names = [name for name in file.keys() if name != "novelty.references"]  # noqa: SIM118
        tensors = {name: file.get_tensor(name).float() for name in names}
    if "fovea_format" not in metadata:
        raise ValueError(f"{path} is not a Fovea model file")
    model = FoveaModel(metadata)
    missing, unexpected = model.network.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{path}: missing tensors {missing}, unexpected tensors {unexpected}")
    return model.eval()


def save(model: FoveaModel, path: str | Path) -> None:
    """Writes the state dict of the network for `fovea import`."""
    tensors = {name: tensor.contiguous() for name, tensor in model.network.state_dict().items()}
    safetensors.torch.save_file(tensors, str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("out", metavar="OUT.safetensors")
    arguments = parser.parse_args()
    save(load(arguments.model), arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
