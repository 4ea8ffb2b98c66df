#!/usr/bin/env python3
"""Compares Fovea's image decoder with Pillow on generated files.

usage: tests/image/compare_decoders.py [--heif] [--program FILE] [--count N] [--seed N] [--keep DIR]

Each file is decoded by both. A file that is not corrupted must give the same image within the tolerance
of its format, or be refused for a reason in DOCUMENTED. A corrupted file must be refused, or give the
image that it had before, or that Pillow reads from it. docs/preprocessing.md describes the differences.
Exits with status 1 if a file breaks these rules.
"""

import argparse
import collections
import io
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).parent))
from image_files import heif, make_files

# Format -> the largest difference of a sample. JPEG leaves the arithmetic of the inverse cosine transform
# to the decoder; 16-bit BMP its expansion to 8 bits.
TOLERANCE = {"JPEG": 8, "PNG": 0, "BMP": 4, "GIF": 0, "WebP": 0, "HEIC": 2, "AVIF": 2}
# JPEG also leaves the interpolation of chroma to the decoder: stb_image and libjpeg differ at the right and
# lower edge and at samplings that libjpeg does not interpolate. The mean difference of a file stays below
# the first number, of a file with a side below 16 pixels below the second one.
MEAN = (3, 16)
# Programs and versions of libheif interpolate the halved chroma of HEIC and AVIF differently; these images
# are small and have much noise.
HALVED_MEAN = 16
DOCUMENTED = [
    r"arithmetic coding",
    r"fractional chroma",
    r"this is an? (HEIC|AVIF) image, which is not supported",  # a build without libheif
]


def upright(image):
    """8-bit RGB as docs/preprocessing.md defines it, from a Pillow image."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.frombytes("L", image.size, bytes(v >> 8 & 255 for v in image.getdata())).convert("RGB")
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        out = bytearray()
        for r, g, b, a in image.getdata():
            out += bytes((v * a + 255 * (255 - a) + 127) // 255 for v in (r, g, b))
        return Image.frombytes("RGB", image.size, bytes(out))
    return image.convert("RGB")


def by_pillow(data):
    """(image, None), or (None, the error)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            image.load()
            return upright(image), None
    except Exception as error:  # Pillow throws many types for damaged files
        return None, f"{type(error).__name__}: {error}"


class Decoder:
    """The program tests/image/decode_files.cpp."""

    def __init__(self, program, folder):
        self.file = Path(folder) / "image"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, data):
        self.file.write_bytes(data)
        self.process.stdin.write(f"{self.file}\n".encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().rstrip("\n")
        if not line:
            raise SystemExit("the decoder ended: see the last file in --keep")
        if line.startswith("error "):
            return None, line[6:]
        width, height = map(int, line.split()[1:])
        return Image.frombytes("RGB", (width, height), self.process.stdout.read(width * height * 3)), None


def difference(a, b):
    """(largest, mean) difference of a sample; (256, 256) for images of different sizes."""
    if a.size != b.size:
        return 256, 256
    gaps = [abs(x - y) for x, y in zip(a.tobytes(), b.tobytes(), strict=True)]
    return max(gaps), sum(gaps) / len(gaps)


def same(a, b, format, halved=False):
    largest, mean = difference(a, b)
    if format == "JPEG" and largest < 256:
        return largest <= TOLERANCE[format] or mean <= MEAN[min(a.size) < 16]
    if format in ("HEIC", "AVIF") and largest < 256:
        return largest <= TOLERANCE[format] or (halved and mean <= HALVED_MEAN)
    return largest <= TOLERANCE[format]


def outcome(case, ours, reason, pillow, decode):
    """The outcome of one file: (category, whether it breaks a rule)."""
    format = case.name.split()[0]
    halved = "4:4:4" not in case.name and "444" not in case.name
    right = case.truth or pillow
    if not case.damage:
        if ours is None:
            return f"refused: {reason}", not any(re.search(d, reason) for d in DOCUMENTED)
        if right is None:
            return "only Pillow refuses a whole file", True
        return ("the same image", False) if same(ours, right, format, halved) else ("another image", True)
    if ours is None:
        return "corrupted: refused", False
    whole, _ = decode(case.whole)
    if whole is not None and same(ours, whole, format, halved):
        return "corrupted: the image is intact", False
    if case.damage.startswith("cut"):
        return "cut off, but accepted with another image", True
    if pillow is not None and same(ours, pillow, format, halved):
        return "corrupted: the image that Pillow reads", False
    # PNG has checksums. In the other formats a changed byte may give another valid file.
    return (
        "corrupted: another image than Pillow's" if pillow else "corrupted: only Pillow refuses",
        format == "PNG",
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--heif", action="store_true", help="only HEIC and AVIF; else the other formats")
    parser.add_argument("--program", default="build/release/tests/decode_files")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="write the files that break a rule here")
    arguments = parser.parse_args()
    counts = collections.Counter()
    largest = collections.defaultdict(lambda: (0, 0.0))
    reasons = collections.Counter()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        decode = Decoder(arguments.program, folder)
        kinds = {"makers": (heif,)} if arguments.heif else {}
        for i, case in enumerate(make_files(arguments.count, arguments.seed, **kinds)):
            ours, reason = decode(case.data)
            pillow, error = by_pillow(case.data)
            category, bad = outcome(case, ours, reason, pillow, decode)
            format = case.name.split()[0]
            counts[format, category] += 1
            if reason:
                reasons[format, re.sub(r"\d+", "N", reason)] += 1
            right = case.truth or pillow
            if ours is not None and right is not None and not case.damage:
                largest[format] = max(largest[format], difference(ours, right))
            if bad:
                broken += 1
                gap = difference(ours, pillow) if ours and pillow else ""
                print(f"{i}: {case.name}: {category} {gap}")
                print(f"    Fovea: {reason or ours.size}; Pillow: {error or pillow.size}")
                if arguments.keep:
                    Path(arguments.keep).mkdir(exist_ok=True)
                    (Path(arguments.keep) / str(i)).write_bytes(case.data)
    print("\n".join(f"{n:6} {format:5} {category}" for (format, category), n in sorted(counts.items())))
    print(
        "\n".join(f"{f}: largest difference {a}, mean of that file {b:.2f}" for f, (a, b) in largest.items())
    )
    print("\n".join(f"{n:6} {format:5} {reason}" for (format, reason), n in sorted(reasons.items())))
    print(f"{arguments.count} files, {broken} break a rule")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
