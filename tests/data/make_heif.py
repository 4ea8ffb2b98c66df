#!/usr/bin/env python3
"""Creates tests/data/heif: small HEIC and AVIF files, and the images that libheif 1.2x reads from them.

usage: python3 -m pip install pillow pillow-heif && python3 tests/data/make_heif.py
tests/data/heif/VERSIONS lists the versions that created the committed files.
"""

import io
import struct
import sys
from pathlib import Path

import PIL
import pillow_heif
from make_images import scene
from PIL import Image, ImageOps

OUT = Path(__file__).parent / "heif"
pillow_heif.register_heif_opener()


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind, version, *parts):
    return box(kind, bytes([version, 0, 0, 0]), *parts)


def boxes(data, at=0, end=None):
    """(type, contents) of the boxes of a file or of a box."""
    end = len(data) if end is None else end
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def find(data, *path):
    """The contents of the first box with these types, each inside of the one before."""
    for kind in path:
        data = next(contents for name, contents in boxes(data) if name == kind)
        if kind == b"meta":
            data = data[4:]
    return data


def heif(items, properties, of_item, references=(), primary=1, brand=b"heic"):
    """A file. items: (number, type, data); of_item: number -> its properties, counted from 1."""
    infe = [full_box(b"infe", 2, struct.pack(">HH4s", i, 0, kind), b"\0") for i, kind, _ in items]
    ipma = b"".join(struct.pack(">HB", i, len(p)) + bytes(p) for i, p in of_item.items())
    iref = [box(k, struct.pack(f">HH{len(to)}H", a, len(to), *to)) for k, a, to in references]

    def meta(offset):
        iloc = b""
        for i, _, data in items:
            iloc += struct.pack(">HHHII", i, 0, 1, offset, len(data))
            offset += len(data)
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, struct.pack(">H", primary)),
            full_box(b"iinf", 0, struct.pack(">H", len(items)), *infe),
            full_box(b"iref", 0, *iref) if iref else b"",
            box(
                b"iprp",
                box(b"ipco", *properties),
                full_box(b"ipma", 0, struct.pack(">I", len(of_item)), ipma),
            ),
            full_box(b"iloc", 0, bytes([0x44, 0]), struct.pack(">H", len(items)), iloc),
        )

    head = box(b"ftyp", brand, bytes(4), b"mif1" + brand)
    offset = len(head) + len(meta(0)) + 8
    return head + meta(offset) + box(b"mdat", *(data for _, _, data in items))


def encoded(image, **options):
    out = io.BytesIO()
    image.save(out, "HEIF", **{"quality": 90, **options})
    return out.getvalue()


def hevc(image, **options):
    """The configuration and the coded image of a file with one image."""
    data = encoded(image, **options)
    return box(b"hvcC", find(data, b"meta", b"iprp", b"ipco", b"hvcC")), find(data, b"mdat")


def ispe(width, height):
    return full_box(b"ispe", 0, struct.pack(">II", width, height))


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return struct.pack(">I", 6) + block.tobytes()


def grid(upright):
    """Four tiles of 64 x 64 pixels, of which 96 x 80 are shown."""
    wide = ImageOps.pad(upright, (128, 128))
    parts = [wide.crop((x, y, x + 64, y + 64)) for y in (0, 64) for x in (0, 64)]
    coded = [hevc(part) for part in parts]
    size = struct.pack(">BBBBHH", 0, 0, 1, 1, 96, 80)
    items = [(1, b"grid", size)] + [(i + 2, b"hvc1", data) for i, (_, data) in enumerate(coded)]
    return heif(
        items,
        [ispe(96, 80), ispe(64, 64), *(config for config, _ in coded)],
        {1: [1]} | {i: [2, i + 1] for i in range(2, 6)},
        [(b"dimg", 1, [2, 3, 4, 5])],
    )


def write(name, data):
    (OUT / name).write_bytes(data)


def main():
    OUT.mkdir(exist_ok=True)
    upright = scene(96, 64)
    alpha = upright.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(upright.size))
    write("still.heic", encoded(upright))
    write("chroma444.heic", encoded(upright, chroma=444))
    write("alpha.heic", encoded(alpha))
    write("grey.heic", encoded(upright.convert("L")))
    ten = bytearray()
    for value in upright.tobytes():
        ten += struct.pack("<H", value << 8 | value)
    made = io.BytesIO()
    pillow_heif.encode("RGB;16", upright.size, bytes(ten), made, quality=90)
    write("deep.heic", made.getvalue())
    config, data = hevc(upright)
    # Turned by 90 degrees against the clock, then mirrored; the EXIF block says something else.
    turns = [bytes([0, 0, 0, 9]) + b"irot" + b"\1", bytes([0, 0, 0, 9]) + b"imir" + b"\1"]
    items = [(1, b"hvc1", data), (2, b"Exif", exif(6))]
    links = [(b"cdsc", 2, [1])]
    write("turned.heic", heif(items, [config, ispe(96, 64), *turns], {1: [1, 2, 0x83, 0x84]}, links))
    write("grid.heic", grid(upright))
    upright.save(OUT / "still.avif", quality=80)
    alpha.save(OUT / "alpha.avif", quality=80)
    upright.convert("L").save(OUT / "grey.avif", quality=80)
    for path in [*OUT.glob("*.heic"), *OUT.glob("*.avif")]:
        shown = Image.open(path).convert("RGBA")
        white = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        name = path.name.replace(".", "_")
        Image.alpha_composite(white, shown).convert("RGB").save(OUT / f"{name}_expected.png", optimize=True)
    # The header says 16 x 16, the coded image has 2112 x 2112.
    config, data = hevc(
        Image.new("RGB", (2112, 2112), (90, 90, 90)), quality=10, enc_params={"preset": "ultrafast"}
    )
    write("larger-than-its-header.heic", heif([(1, b"hvc1", data)], [config, ispe(16, 16)], {1: [1, 2]}))
    (OUT / "VERSIONS").write_text(
        f"python {sys.version.split()[0]}\npillow {PIL.__version__}\npillow-heif {pillow_heif.__version__}\n"
        f"libheif {pillow_heif.libheif_version()}\n"
    )


if __name__ == "__main__":
    main()
