"""Runs PyTorch for the tests, in the virtual environment that has it.

usage: torch_worker.py version
       torch_worker.py predict MODEL PIXELS.npy OUT.npy
           pixels {n, h, w, 3} -> probabilities {n, classes}
       torch_worker.py own-names MODEL OUT.safetensors
           the state dict of a class with the attributes conv1, bn1, ..., fc1, ...
       torch_worker.py efficientnet STATE.pth INPUTS.npy OUT.npy
           the published network and weights: normalised inputs {n, h, w, 3} -> logits {n, 1000}
       torch_worker.py train MODEL PIXELS.npy OUT.safetensors OUT.npy
           a few steps of training, then the state dict and the probabilities
"""

import sys
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "tools/exchange"))
import fovea_torch


def read_pixels(path):
    return torch.from_numpy(np.load(path).astype(np.float32)).permute(0, 3, 1, 2).contiguous()


def predict(model, pixels):
    with torch.inference_mode():
        return torch.cat([model(pixels[i : i + 7]) for i in range(0, len(pixels), 7)]).numpy()


STEMS = {nn.Conv2d: "conv", nn.BatchNorm2d: "bn", nn.BatchNorm1d: "bn", fovea_torch.Dense: "fc"}


class OwnNames(nn.Module):
    """The same layers as attributes of a class, the usual form of a network in PyTorch."""

    def __init__(self, network):
        super().__init__()
        counts = {}
        for module in network:
            stem = STEMS.get(type(module))
            if stem:
                counts[stem] = counts.get(stem, 0) + 1
                setattr(self, f"{stem}{counts[stem]}", module)


def efficientnet(state, inputs):
    from efficientnet_lite_pytorch import EfficientNet

    # Padding depends on the size of the image, which the package takes from the name of the network.
    name = "efficientnet-lite" + str((224, 240, 260).index(inputs.shape[1]))
    network = EfficientNet.from_name(name).eval()
    network.load_state_dict(torch.load(state))
    with torch.inference_mode():
        return torch.cat(
            [network(inputs[i : i + 5].permute(0, 3, 1, 2)) for i in range(0, len(inputs), 5)]
        ).numpy()


def train(model, pixels):
    """Moves every weight and the running statistics."""
    torch.manual_seed(1)
    model.train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(3):
        batch = pixels[step * 32 : step * 32 + 32]
        labels = torch.arange(len(batch)) % len(model.classes)
        optimiser.zero_grad()
        nn.functional.cross_entropy(model.logits(batch), labels).backward()
        optimiser.step()
    model.eval()


def main():
    action, *arguments = sys.argv[1:]
    if action == "version":
        print(torch.__version__)
    elif action == "predict":
        model, pixels, out = arguments
        np.save(out, predict(fovea_torch.load(model), read_pixels(pixels)))
    elif action == "own-names":
        model, out = arguments
        state = OwnNames(fovea_torch.load(model).network).state_dict()
        safetensors.torch.save_file({name: value.contiguous() for name, value in state.items()}, out)
    elif action == "efficientnet":
        state, inputs, out = arguments
        np.save(out, efficientnet(state, torch.from_numpy(np.load(inputs))))
    elif action == "train":
        path, images, out, predictions = arguments
        model, pixels = fovea_torch.load(path), read_pixels(images)
        train(model, pixels)
        fovea_torch.save(model, out)
        np.save(predictions, predict(model, pixels))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
