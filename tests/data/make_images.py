#!/usr/bin/env python3
"""Creates tests/data/images: small image files and the results of Pillow to compare with.

usage: python3 -m pip install pillow && python3 tests/data/make_images.py
tests/data/images/VERSIONS lists the versions that created the committed files.
"""

import random
import struct
import sys
import zlib
from pathlib import Path

import PIL
from PIL import Image, ImageDraw, ImageOps, features

OUT = Path(__file__).parent / "images"
T = Image.Transpose
# EXIF orientation -> transformation from the upright to the stored image.
STORED = {
    1: None,
    2: T.FLIP_LEFT_RIGHT,
    3: T.ROTATE_180,
    4: T.FLIP_TOP_BOTTOM,
    5: T.TRANSPOSE,
    6: T.ROTATE_90,
    7: T.TRANSVERSE,
    8: T.ROTATE_270,
}


def scene(width, height):
    """An asymmetric image: a colour gradient, a box, a line, a disc, and some noise."""
    rng = random.Random(7)
    image = Image.new("RGB", (width, height))
    image.putdata(
        [
            (255 * x // width, 255 * y // height, 90 + rng.randrange(8))
            for y in range(height)
            for x in range(width)
        ]
    )
    draw = ImageDraw.Draw(image)
    draw.rectangle((1, 1, width // 3, height // 4), fill=(250, 30, 20))
    draw.line((0, height - 1, width // 2, height // 2), fill=(255, 255, 255))
    draw.ellipse((width // 2, height // 2, width - 3, height - 2), fill=(10, 40, 230))
    return image


def png_chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def rgb16_png(width, height):
    """A PNG with 16 bits per channel, which Pillow cannot write: upper byte x * 9, lower byte 255 - x."""
    rows = b"".join(
        b"\0" + b"".join(bytes([9 * x, 255 - x, 9 * y, 255 - y, 77, 255]) for x in range(width))
        for y in range(height)
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def web_formats(upright):
    """GIF and WebP files, each with the image that Pillow reads from it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    other = ImageOps.mirror(upright)
    alpha = upright.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(upright.size))
    palette = upright.quantize(16)
    palette.save(OUT / "still.gif")
    palette.save(OUT / "interlaced.gif", interlace=1)
    palette.save(OUT / "clear.gif", transparency=3)
    palette.save(OUT / "animated.gif", save_all=True, append_images=[other.quantize(16)])
    upright.save(OUT / "lossy.webp", quality=60)
    alpha.save(OUT / "lossy_alpha.webp", quality=60)
    alpha.save(OUT / "lossless_alpha.webp", lossless=True)
    upright.save(OUT / "animated.webp", save_all=True, append_images=[other], quality=80)
    upright.transpose(STORED[6]).save(OUT / "exif6.webp", lossless=True, exif=exif)
    for path in [*OUT.glob("*.gif"), *OUT.glob("*.webp")]:
        shown = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
        white = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        name = path.name.replace(".", "_")
        Image.alpha_composite(white, shown).convert("RGB").save(OUT / f"{name}_expected.png", optimize=True)


def main():
    OUT.mkdir(exist_ok=True)
    upright = scene(24, 16)
    upright.save(OUT / "upright.png", optimize=True)
    for orientation, transpose in STORED.items():
        stored = upright.transpose(transpose) if transpose is not None else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(OUT / f"exif{orientation}.jpg", quality=95, subsampling=0, exif=exif)
        stored.save(OUT / f"exif{orientation}.png", exif=exif, optimize=True)
        shown = ImageOps.exif_transpose(Image.open(OUT / f"exif{orientation}.png"))
        assert shown.tobytes() == upright.tobytes(), orientation

    upright.convert("L").save(OUT / "grey.png", optimize=True)
    upright.convert("L").convert("RGB").save(OUT / "grey_expected.png", optimize=True)
    upright.convert("L").save(OUT / "grey.jpg", quality=95)
    upright.save(OUT / "rgb.bmp")
    upright.save(OUT / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    upright.convert("CMYK").save(OUT / "cmyk.jpg", quality=95, subsampling=0)

    palette = upright.quantize(16)
    palette.save(OUT / "palette.png", optimize=True)
    palette.convert("RGB").save(OUT / "palette_expected.png", optimize=True)
    clear = palette.info.get("transparency", 3)
    palette.save(OUT / "palette_clear.png", transparency=clear, optimize=True)

    alpha = upright.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(upright.size))
    alpha.save(OUT / "alpha.png", optimize=True)
    white = Image.new("RGBA", upright.size, (255, 255, 255, 255))
    Image.alpha_composite(white, alpha).convert("RGB").save(OUT / "alpha_expected.png", optimize=True)
    again = Image.open(OUT / "palette_clear.png").convert("RGBA")
    Image.alpha_composite(white, again).convert("RGB").save(OUT / "palette_clear_expected.png", optimize=True)
    (OUT / "rgb16.png").write_bytes(rgb16_png(12, 8))

    web_formats(upright)

    source = scene(61, 47)
    source.save(OUT / "resize_source.png", optimize=True)
    for width, height in [(32, 32), (20, 47), (61, 9), (7, 5), (100, 70), (1, 1), (60, 46)]:
        source.resize((width, height), Image.Resampling.BILINEAR).save(
            OUT / f"resize_{width}x{height}.png", optimize=True
        )

    (OUT / "VERSIONS").write_text(
        f"python {sys.version.split()[0]}\npillow {PIL.__version__}\n"
        f"libjpeg-turbo {features.version_feature('libjpeg_turbo')}\nzlib {features.version('zlib')}\n"
        f"libwebp {features.version('webp')}\n"
    )


if __name__ == "__main__":
    main()
