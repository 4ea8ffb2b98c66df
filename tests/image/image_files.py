"""Generates image files for compare_decoders.py: every kind that the formats have, whole or corrupted.

make_files(count, seed) yields Case objects. Each file is made by Pillow, with pillow-heif, by cjpeg
(libjpeg-turbo) where it is installed, or by the writers below, for what Pillow does not write: interlaced
PNG, all depths of PNG and BMP, compressed and top-down BMP.
"""

import io
import random
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CJPEG = shutil.which("cjpeg")


@dataclass
class Case:
    name: str  # what the file is, and how it was corrupted
    data: bytes
    whole: bytes  # before the corruption; the same as data when it is not corrupted
    damage: str  # "", "cut", "cut+eoi", "flip", "zero", "insert", "delete"
    truth: Image.Image | None  # the image of the whole file, if the writer knows it


def scene(rng, mode="RGB", smallest=1):
    """A smooth image with noise: the colours of neighbours are similar, as in a photograph."""
    width, height = (rng.choice([1, 2, 7, 8, 9, 16, 17, 31, 40, 48]) for _ in "xy")
    width, height = max(width, smallest), max(height, smallest)
    noise = rng.choice([0, 3, 40])
    phases = [rng.random() * 200 for _ in range(4)]
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(4):
                value = 128 + 100 * ((x * (c + 2) + y * 5 + phases[c]) % 64 - 32) / 32
                data.append(max(0, min(255, int(value + rng.uniform(-noise, noise)))))
    image = Image.frombytes("RGBA", (width, height), bytes(data))
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


def orientation_exif(rng):
    """An EXIF block with an orientation, or none."""
    value = rng.randrange(9)
    if value == 0:
        return b""
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def over_white(colour, alpha):
    return [(v * alpha + 255 * (255 - alpha) + 127) // 255 for v in colour]


def image_of(size, pixels):
    return Image.frombytes("RGB", size, b"".join(map(bytes, pixels)))


def rotated(image, exif):
    out = image.copy()
    out.info["exif"] = exif
    return ImageOps.exif_transpose(out) if exif else out


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **{k: v for k, v in options.items() if v is not None})
    return out.getvalue()


def jpeg(rng):
    mode = rng.choice(["RGB", "RGB", "RGB", "L", "CMYK"])
    options = {
        "quality": rng.choice([1, 30, 75, 95, 100]),
        "progressive": rng.random() < 0.4,
        "optimize": rng.random() < 0.3,
        "exif": orientation_exif(rng),
        "restart_marker_blocks": rng.choice([0, 0, 0, 1, 2, 5]),
    }
    if mode == "RGB":
        options["subsampling"] = rng.choice([0, 1, 2])
    if mode == "RGB" and CJPEG and rng.random() < 0.4:
        return cjpeg(rng)
    described = ", ".join(f"{k}={v}" for k, v in options.items() if v and k != "exif")
    return f"JPEG {mode} {described}", saved(scene(rng, mode), "JPEG", **options), None


def cjpeg(rng):
    """The samplings and codings that Pillow does not write."""
    arguments = ["-quality", str(rng.choice([40, 80, 98])), "-sample"]
    arguments.append(rng.choice(["4x1", "1x2", "4x2", "1x4", "2x2,1x2,2x1", "2x1,1x1,1x1", "1x1"]))
    kind = rng.choice(
        [[], [], ["-progressive"], ["-optimize"], ["-rgb"], ["-arithmetic"], ["-restart", "1B"]]
    )
    source = saved(scene(rng), "PPM")
    made = subprocess.run([CJPEG, *arguments, *kind], input=source, capture_output=True, check=True)
    return "JPEG cjpeg " + " ".join(arguments + kind), made.stdout, None


def packed(samples, depth):
    """Samples of 1 to 16 bits as bytes, the last one padded."""
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(rng):
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    colour = rng.choice(list(depths))
    depth = rng.choice(depths[colour])
    interlaced = rng.random() < 0.4
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    source = scene(rng, "RGBA")
    width, height = source.size
    top = (1 << depth) - 1
    pixels = [[v * 257 * top // 65535 for v in p[4 - channels :]] for p in source.getdata()]
    extra, notes = b"", ""
    palette, opacities, clear = b"", b"", None
    if colour == 3:
        palette = rng.randbytes(3 << depth)
        extra += chunk(b"PLTE", palette)
        if rng.random() < 0.5:
            opacities = rng.randbytes(rng.randint(1, 1 << depth))
            extra += chunk(b"tRNS", opacities)
            notes += ", tRNS"
    elif colour in (0, 2) and rng.random() < 0.3:
        clear = rng.choice(pixels)
        extra += chunk(b"tRNS", b"".join(struct.pack(">H", v) for v in clear))
        notes += ", tRNS"
    exif = orientation_exif(rng)
    if exif:
        extra += chunk(b"eXIf", exif[6:])

    def shown(pixel):
        if colour == 3:
            i = pixel[0]
            return over_white(palette[3 * i : 3 * i + 3], opacities[i] if i < len(opacities) else 255)
        eight = [v >> 8 if depth == 16 else v * 255 // top for v in pixel]
        alpha = eight[-1] if colour in (4, 6) else 0 if pixel == clear else 255
        return over_white(eight[:3] if colour in (2, 6) else eight[:1] * 3, alpha)

    truth = rotated(image_of((width, height), map(shown, pixels)), exif)
    raw = []
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for y in range(y0, height, dy):
            row = [s for x in range(x0, width, dx) for s in pixels[y * width + x]]
            if row:
                raw += filtered(
                    rng, packed(row, depth), raw_previous(raw, y == y0), max(1, channels * depth // 8)
                )
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    packed_data = zlib.compress(raw_bytes(raw), rng.choice([0, 1, 9]))
    cut = rng.randrange(len(packed_data))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
    data += chunk(b"IDAT", packed_data[:cut]) + chunk(b"IDAT", packed_data[cut:]) + chunk(b"IEND", b"")
    return f"PNG colour type {colour}, {depth} bits, interlaced {interlaced}{notes}", data, truth


# The filters of PNG need the unfiltered previous row; rows are kept as (filter, filtered, unfiltered).
def raw_previous(rows, first):
    return None if first or not rows else rows[-1][2]


def raw_bytes(rows):
    return b"".join(bytes([kind]) + data for kind, data, _ in rows)


def filtered(rng, row, previous, step):
    kind = rng.randrange(5)
    above = previous or bytes(len(row))
    out = bytearray()
    for i, value in enumerate(row):
        a = row[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        paeth = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
        out.append((value - [0, a, b, (a + b) // 2, paeth][kind]) & 255)
    return [(kind, bytes(out), row)]


def bmp(rng):
    source = scene(rng)
    width, height = source.size
    bits, compression = rng.choice(
        [(1, 0), (4, 0), (8, 0), (16, 0), (24, 0), (32, 0), (16, 3), (32, 3), (8, 1), (4, 2)]
    )
    header_size = 40 if bits >= 16 and compression else rng.choice([12, 40, 40, 52, 56, 108, 124])
    if compression in (1, 2) or bits in (16, 32):
        header_size = max(header_size, 40)
    top_down = header_size >= 40 and compression in (0, 3) and rng.random() < 0.4
    palette = [tuple(rng.randbytes(3)) for _ in range(1 << bits)] if bits <= 8 else []
    rows = [[source.getpixel((x, y)) for x in range(width)] for y in range(height)]
    if not top_down:
        rows.reverse()
    indices = [[p[0] * len(palette) // 256 for p in row] for row in rows] if palette else []
    masks = b""
    if compression == 3:
        masks = struct.pack("<III", *((0xF800, 0x7E0, 0x1F) if bits == 16 else (0xFF, 0xFF00, 0xFF0000)))
    if compression in (1, 2):
        body = runs(rng, indices, bits)
    elif palette:
        body = b"".join(pad4(packed(row, bits)) for row in indices)
    else:
        body = b"".join(pad4(b"".join(bmp_pixel(rng, p, bits, compression) for p in row)) for row in rows)
    entry = 3 if header_size == 12 else 4
    table = b"".join(bytes(reversed(c)) + bytes(entry - 3) for c in palette)
    offset = 14 + header_size + len(masks) + len(table)
    if header_size == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        signed = -height if top_down else height
        header = struct.pack(
            "<IiiHHIIiiII", header_size, width, signed, 1, bits, compression, len(body), 0, 0, 0, 0
        )
        header += bytes(header_size - 40)
    if palette:
        shown = [[palette[i] for i in row] for row in indices]
    elif bits == 16:
        shown = [[[v >> 3 << 3 | v >> 5 for v in p] for p in row] for row in rows]
    else:
        shown = rows
    truth = image_of((width, height), [p for row in (shown if top_down else reversed(shown)) for p in row])
    data = b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + header + masks + table + body
    return (
        f"BMP {bits} bits, compression {compression}, header {header_size}, top-down {top_down}",
        data,
        truth,
    )


def bmp_pixel(rng, colour, bits, compression):
    r, g, b = colour
    if bits == 24:
        return bytes([b, g, r])
    if bits == 32:  # the fourth byte has no meaning
        unused = rng.randrange(256)
        return bytes([r, g, b, unused] if compression == 3 else [b, g, r, unused])
    if compression == 3:
        return struct.pack("<H", r >> 3 << 11 | g >> 2 << 5 | b >> 3)
    return struct.pack("<H", r >> 3 << 10 | g >> 3 << 5 | b >> 3)


def pad4(row):
    return row + bytes(-len(row) % 4)


def runs(rng, rows, bits):
    """RLE8 or RLE4 with runs, literals and row ends."""
    out = b""
    for row in rows:
        x = 0
        while x < len(row):
            count = rng.randint(1, min(20, len(row) - x))
            part = row[x : x + count]
            if len(set(part)) == 1:
                out += bytes([count, part[0] if bits == 8 else part[0] * 17])
            elif count >= 3:
                body = bytes(part) if bits == 8 else packed(part, 4)
                out += bytes([0, count]) + body + bytes(len(body) % 2)
            else:
                out += b"".join(bytes([1, v if bits == 8 else v << 4]) for v in part)
            x += count
        out += b"\0\0"
    return out + b"\0\1"


def gif(rng):
    image = scene(rng, "RGB").quantize(rng.choice([2, 3, 16, 200, 256]))
    options = {"interlace": rng.choice([0, 1]), "optimize": False}
    if rng.random() < 0.3:
        options["transparency"] = image.getpixel((0, 0))
    if rng.random() < 0.3:
        options |= {"save_all": True, "append_images": [scene(rng).resize(image.size).quantize(16)]}
    described = ", ".join(f"{k}={v}" for k, v in options.items() if k != "append_images")
    return f"GIF {described}", saved(image, "GIF", **options), None


def webp(rng):
    mode = rng.choice(["RGB", "RGBA"])
    options = {
        "lossless": rng.random() < 0.4,
        "quality": rng.choice([1, 50, 90]),
        "exif": orientation_exif(rng) or None,
    }
    image = scene(rng, mode)
    if rng.random() < 0.3:
        options |= {"save_all": True, "append_images": [scene(rng, mode).resize(image.size)], "exif": None}
    described = ", ".join(f"{k}={v}" for k, v in options.items() if k not in ("exif", "append_images"))
    return f"WebP {mode} {described}", saved(image, "WEBP", **options), None


def heif(rng):
    """HEIC by pillow-heif, AVIF by Pillow."""
    mode = rng.choice(["RGB", "RGB", "RGBA", "L"])
    chroma = rng.choice(["420", "422", "444"])
    quality = rng.choice([10, 60, 95])
    image = scene(rng, mode, smallest=16)
    exif = orientation_exif(rng) or None
    if rng.random() < 0.5:
        options = {"chroma": chroma, "quality": quality}
        return f"HEIC {mode} {options}", saved(image, "HEIF", exif=exif, **options), None
    options = {"subsampling": f"4:{chroma[1]}:{chroma[2]}", "quality": quality, "speed": 10}
    return f"AVIF {mode} {options}", saved(image, "AVIF", exif=exif, **options), None


def corrupt(rng, data):
    """The damage and the file with it."""
    kind = rng.choice(["cut", "cut", "cut+eoi", "flip", "flip", "zero", "insert", "delete"])
    at = rng.randrange(1, len(data))
    some = rng.randint(1, 12)
    if kind == "cut+eoi" and data[:2] != b"\xff\xd8":
        kind = "cut"
    if kind == "cut":
        return kind, data[:at]
    if kind == "cut+eoi":
        return kind, data[:at] + b"\xff\xd9"
    if kind == "flip":
        return kind, data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == "zero":
        return kind, data[:at] + bytes(some) + data[at + some :]
    if kind == "insert":
        return kind, data[:at] + rng.randbytes(some) + data[at:]
    return kind, data[:at] + data[at + some :]


def make_files(count, seed, makers=(jpeg, jpeg, png, bmp, gif, webp)):
    rng = random.Random(seed)
    for i in range(count):
        name, whole, truth = makers[i % len(makers)](rng)
        damage, data = corrupt(rng, whole) if rng.random() < 0.5 else ("", whole)
        yield Case(name + (f"; {damage}" if damage else ""), data, whole, damage, truth)
