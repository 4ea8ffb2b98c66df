#!/usr/bin/python3
"""Benchmarks a training step of EfficientNet-Lite0 in PyTorch; prints the same JSON lines as bench_fine_tune.

usage: torch_backbone.py SIZE THREADS

Written for Debian's python3-torch; bench/peers/fine_tune sets the environment. The step is fine-tuning:
batches of 16, batch norm in evaluation mode with trained scale and shift, label smoothing, AdamW. Images
are prepared tensors.
"""

import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional

BATCH, CLASSES, RUNS = 16, 5, 5
# repeats, kernel, first stride, expansion, out (engine/model/backbones.cpp)
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


class SamePad(nn.Module):
    """TensorFlow's padding for stride 2 and even sizes: one more at the bottom and on the right."""

    def __init__(self, kernel):
        super().__init__()
        total = kernel - 2
        self.pad = (total // 2, total - total // 2) * 2

    def forward(self, x):
        return functional.pad(x, self.pad)


def convolution(c, out, kernel, stride=1, groups=1, activation=True):
    layers = [SamePad(kernel)] if stride == 2 else []
    pad = 0 if stride == 2 else kernel // 2
    layers.append(nn.Conv2d(c, out, kernel, stride, pad, groups=groups, bias=False))
    layers.append(nn.BatchNorm2d(out, eps=1e-3))
    return layers + ([nn.ReLU6(inplace=True)] if activation else [])


class Block(nn.Module):
    def __init__(self, c, out, kernel, stride, expansion):
        super().__init__()
        wide = c * expansion
        expand = convolution(c, wide, 1) if expansion != 1 else []
        depthwise = convolution(wide, wide, kernel, stride, groups=wide)
        self.layers = nn.Sequential(*expand, *depthwise, *convolution(wide, out, 1, activation=False))
        self.add = stride == 1 and c == out

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.add else y


def network():
    layers, c = convolution(3, 32, 3, 2), 32
    for repeats, kernel, stride, expansion, out in STAGES:
        for i in range(repeats):
            layers.append(Block(c, out, kernel, stride if i == 0 else 1, expansion))
            c = out
    layers += convolution(c, 1280, 1)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, CLASSES)]
    return nn.Sequential(*layers)


def main():
    size, threads = int(sys.argv[1]), int(sys.argv[2])
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    model = network().train().to(memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    x = torch.randn(BATCH, 3, size, size).to(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (BATCH,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x), labels, label_smoothing=0.1).backward()
        optimizer.step()

    step()
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        step()
        times.append(1e3 * (time.process_time() - start) / BATCH)
    print(
        json.dumps(
            {
                "case": "fine-tune step",
                "threads": threads,
                "value": statistics.median(times),
                "unit": "CPU ms/image",
                "min": min(times),
                "max": max(times),
                "runs": len(times),
                "size": size,
                "batch": BATCH,
                "engine": f"PyTorch {torch.__version__}",
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
