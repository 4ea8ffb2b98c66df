"""Turns what the caller has (paths, bytes, open files, arrays) into named image files."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Union

# A path, the content of an image file, an open binary file, or an array of uint8: {h, w}, {h, w, 3 or 4}.
ImageLike = Union[str, "os.PathLike[str]", bytes, IO[bytes], Any]

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
SPLIT_ORDER = ["test", "val", "train", ""]
_PNG_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # by number of channels


def is_array(value: object) -> bool:
    """Whether the value has the array interface of NumPy. NumPy need not be installed."""
    return hasattr(value, "__array_interface__")


def named_file(image: ImageLike, position: int) -> tuple[str, bytes]:
    """File name and content of one image. `position` names images without a file name."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        return f"image-{position}", bytes(image)
    if isinstance(image, (str, os.PathLike)):
        path = Path(image)
        return path.name, path.read_bytes()
    if is_array(image):
        return f"array-{position}.png", png_of_array(image)
    if hasattr(image, "read"):
        content = image.read()
        if not isinstance(content, bytes):
            raise TypeError(f"image {position}: the file must be open in binary mode")
        return os.path.basename(str(getattr(image, "name", f"image-{position}"))), content
    raise TypeError(
        f"image {position} is a {type(image).__name__}; expected a path, bytes, a binary file or an array"
    )


def png_of_array(array: Any) -> bytes:
    """A PNG file of an array of uint8 with the axes {h, w} or {h, w, channels}; 1, 3 or 4 channels."""
    import numpy

    pixels = numpy.asarray(array)
    if pixels.dtype != numpy.uint8:
        raise TypeError(f"the array has the type {pixels.dtype}; expected uint8, values from 0 to 255")
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in _PNG_COLOUR_TYPES or 0 in pixels.shape:
        raise ValueError(f"the array has the shape {pixels.shape}; expected {{h, w}} or {{h, w, 1, 3 or 4}}")
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    # Each row begins with its filter type, here 0 (PNG specification, 9.2).
    filtered = numpy.concatenate([numpy.zeros((height, 1), numpy.uint8), rows], axis=1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, _PNG_COLOUR_TYPES[channels], 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(filtered, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def batches(
    images: Iterator[tuple[str, bytes]], max_images: int, max_bytes: int
) -> Iterator[list[tuple[str, bytes]]]:
    """Groups files so that each group stays within both limits; a larger file is a group alone."""
    group: list[tuple[str, bytes]] = []
    size = 0
    for name, content in images:
        if group and (len(group) == max_images or size + len(content) > max_bytes):
            yield group
            group, size = [], 0
        group.append((name, content))
        size += len(content)
    if group:
        yield group


def image_paths(folder: Path) -> list[str]:
    """The paths of the image files below a folder, relative to it, with "/" as separator."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    paths = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES
    )
    if not paths:
        raise ValueError(f"{folder} has no image files ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return paths
