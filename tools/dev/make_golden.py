#!/usr/bin/env python3
"""Writes tests/data/golden/small_net.bin: the results of PyTorch for a small network.

usage: tools/dev/make_golden.py [OUTPUT]      (needs PyTorch; Debian: python3-torch)

tests/engine/nn/golden_test.cpp compares the engine with this file. For a network with every common layer it
contains the initial weights, one input batch with labels, all activations, the loss, all gradients, the
losses of ten Adam steps, and the logits in evaluation mode after these steps. Arrays have names. Activations
are NHWC, weights as in PyTorch (OIHW; out, in).

Layout, little-endian: "FOVGOLD1", u32 count, then per array: u32 length + name, u32 rank,
u32 dimensions, f32 values. A manifest with versions and seed is written to small_net.json.
"""

import json
import platform
import struct
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SEED = 20
BATCH = 6


class Residual(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return x + self.block(x)


def network():
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, padding=1, stride=2),
        nn.GELU(),
        nn.MaxPool2d(2),
        Residual(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())),
        nn.Flatten(),
        nn.Linear(8 * 2 * 2, 12, bias=False),
        nn.BatchNorm1d(12),
        nn.ReLU(),
        nn.Linear(12, 5),
    )


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    net = network().train()
    x = torch.randn(BATCH, 3, 8, 8)
    labels = torch.randint(0, 5, (BATCH,))
    arrays = {"x": channels_last(x), "labels": labels}
    arrays.update({f"weight/{n}": p.clone() for n, p in net.named_parameters()})

    value = x
    for i, layer in enumerate(net):
        value = layer(value)
        arrays[f"activation/{i}"] = channels_last(value)
    loss = F.cross_entropy(value, labels, label_smoothing=0.1)
    loss.backward()
    arrays["loss"] = loss.reshape(1)
    arrays.update({f"gradient/{n}": p.grad.clone() for n, p in net.named_parameters()})

    torch.manual_seed(SEED)
    fresh = network().train()
    fresh.load_state_dict(arrays_to_state(arrays), strict=False)
    adam = torch.optim.Adam(fresh.parameters(), lr=1e-2)
    losses = []
    for _ in range(10):
        adam.zero_grad()
        step_loss = F.cross_entropy(fresh(x), labels, label_smoothing=0.1)
        step_loss.backward()
        adam.step()
        losses.append(step_loss.item())
    arrays["adam_losses"] = torch.tensor(losses)
    arrays["eval_logits"] = fresh.eval()(x)

    output = Path(
        sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2] / "tests/data/golden/small_net.bin"
    )
    write(output, arrays)


def arrays_to_state(arrays):
    return {k[len("weight/") :]: v for k, v in arrays.items() if k.startswith("weight/")}


def write(output, arrays):
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "wb") as file:
        file.write(b"FOVGOLD1" + struct.pack("<I", len(arrays)))
        for name, tensor in arrays.items():
            values = np.ascontiguousarray(tensor.detach().numpy().astype("<f4"))
            file.write(struct.pack("<I", len(name)) + name.encode())
            file.write(struct.pack(f"<I{values.ndim}I", values.ndim, *values.shape))
            file.write(values.tobytes())
    manifest = {
        "made_by": "tools/dev/make_golden.py",
        "seed": SEED,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "arrays": len(arrays),
        "bytes": output.stat().st_size,
    }
    output.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{output}: {len(arrays)} arrays, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
