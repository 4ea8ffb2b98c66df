"""A backbone with random weights, whose features separate colours."""

import numpy as np
import torch_files
from backbone_command_test import shapes, state_of


def write_random_backbone(file):
    """Writes a state dict of EfficientNet-Lite0 for `fovea backbone import`."""
    rng = np.random.default_rng(1)
    values = {}
    for name, shape in shapes().items():
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.1
        array = rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        neutral = len(shape) == 1 and name.endswith(("running_var", ".weight"))  # of a batch norm
        values[name] = np.ones_like(array) if neutral else array
    file.write_bytes(torch_files.legacy(state_of(values)))
