"""State dicts in both forms of PyTorch, written without PyTorch.

Python's pickler stores the names of classes and functions, so modules with the names of PyTorch's stand for
them while a file is written.
"""

import io
import math
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from contextlib import contextmanager

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


class FloatStorage:
    pass


class LongStorage:
    pass


def _rebuild_tensor_v2():
    pass


for thing, module in ((FloatStorage, "torch"), (LongStorage, "torch"), (_rebuild_tensor_v2, "torch._utils")):
    thing.__module__ = module
    thing.__qualname__ = thing.__name__


@contextmanager
def _names():
    modules = {"torch": types.ModuleType("torch"), "torch._utils": types.ModuleType("torch._utils")}
    modules["torch"].FloatStorage = FloatStorage
    modules["torch"].LongStorage = LongStorage
    modules["torch._utils"]._rebuild_tensor_v2 = _rebuild_tensor_v2
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class Storage:
    """The numbers of one or more tensors: floats, or whole numbers if `whole`; a list or bytes."""

    def __init__(self, key, values, whole=False):
        self.key, self.kind = key, LongStorage if whole else FloatStorage
        size, letter = (8, "q") if whole else (4, "f")
        self.data = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{letter}", *values)
        self.count = len(self.data) // size


def contiguous(shape):
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


class Tensor:
    def __init__(self, storage, shape, strides=None, offset=0):
        self.storage, self.shape, self.offset = storage, tuple(shape), offset
        self.strides = contiguous(self.shape) if strides is None else tuple(strides)

    def __reduce__(self):
        return _rebuild_tensor_v2, (self.storage, self.offset, self.shape, self.strides, False, OrderedDict())


def tensors(values):
    """{name: (shape, floats)} -> a state dict with one storage for each tensor."""
    state = OrderedDict()
    for number, (name, (shape, numbers)) in enumerate(values.items()):
        state[name] = Tensor(Storage(str(number), numbers), shape)
    return state


class _Pickler(pickle.Pickler):
    legacy = False

    def persistent_id(self, thing):
        if not isinstance(thing, Storage):
            return None
        identity = ("storage", thing.kind, thing.key, "cpu", thing.count)
        return (*identity, None) if self.legacy else identity


def pickled(value, legacy=False):
    out = io.BytesIO()
    pickler = _Pickler(out, 2)
    pickler.legacy = legacy
    with _names():
        pickler.dump(value)
    return out.getvalue()


def storages(state):
    return {thing.storage.key: thing.storage for thing in state.values() if isinstance(thing, Tensor)}


def legacy(state, order="little"):
    """The form of PyTorch before 1.6."""
    system = {"protocol_version": PROTOCOL, "little_endian": order == "little", "type_sizes": {"int": 4}}
    out = b"".join(pickle.dumps(value, 2) for value in (MAGIC, PROTOCOL, system))
    numbers = storages(state)
    out += pickled(state, legacy=True) + pickle.dumps(sorted(numbers), 2)
    for key in sorted(numbers):
        out += struct.pack("<q", numbers[key].count) + numbers[key].data
    return out


def archive(state, folder="archive"):
    """The form since PyTorch 1.6: a zip archive without compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr(f"{folder}/data.pkl", pickled(state))
        files.writestr(f"{folder}/byteorder", "little")
        for key, storage in storages(state).items():
            files.writestr(f"{folder}/data/{key}", storage.data)
        files.writestr(f"{folder}/version", "3\n")
    return out.getvalue()
