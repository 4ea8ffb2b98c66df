#!/usr/bin/env python3
"""Draws the sample images of the page.

usage: tools/dev/make_samples.py [FOLDER]      (needs Pillow; default: www/src/samples)

Their file names are classes of the bundled model.
"""

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

DRAWN = 384  # drawn large, then blurred and reduced: soft edges, small files
STORED = 160


def background(top, bottom):
    image = Image.new("RGB", (DRAWN, DRAWN))
    draw = ImageDraw.Draw(image)
    for y in range(DRAWN):
        fraction = y / DRAWN
        colour = tuple(int(a + (b - a) * fraction) for a, b in zip(top, bottom))
        draw.line([(0, y), (DRAWN, y)], fill=colour)
    return image, draw


def ship():
    image, draw = background((150, 190, 225), (215, 230, 240))
    draw.rectangle([0, 230, DRAWN, DRAWN], fill=(38, 84, 120))
    rng = random.Random(1)
    for _ in range(160):
        x, y = rng.randrange(DRAWN), rng.randrange(235, DRAWN)
        draw.line([(x, y), (x + rng.randrange(8, 30), y)], fill=(70, 120, 155), width=2)
    draw.polygon([(40, 205), (345, 205), (310, 265), (75, 265)], fill=(150, 40, 35))
    draw.polygon([(40, 205), (345, 205), (338, 220), (50, 220)], fill=(235, 235, 230))
    draw.rectangle([150, 150, 285, 205], fill=(240, 240, 236))
    draw.rectangle([175, 115, 255, 150], fill=(225, 225, 222))
    draw.rectangle([215, 70, 240, 115], fill=(200, 70, 40))
    for x in range(160, 280, 20):
        draw.rectangle([x, 165, x + 10, 175], fill=(50, 70, 90))
    return image


def airplane():
    image, draw = background((95, 150, 215), (190, 215, 240))
    draw.ellipse([30, 170, 330, 214], fill=(235, 238, 242))
    draw.polygon([(300, 182), (350, 115), (372, 115), (345, 195)], fill=(60, 90, 150))
    draw.polygon([(150, 195), (225, 195), (290, 285), (262, 285)], fill=(190, 196, 206))
    draw.polygon([(170, 182), (222, 182), (262, 120), (242, 120)], fill=(205, 210, 218))
    for x in range(80, 290, 16):
        draw.ellipse([x, 184, x + 6, 190], fill=(70, 90, 120))
    draw.polygon([(30, 192), (60, 176), (70, 188)], fill=(60, 75, 100))
    return image


def truck():
    image, draw = background((170, 195, 215), (220, 225, 228))
    draw.rectangle([0, 260, DRAWN, DRAWN], fill=(110, 110, 112))
    draw.rectangle([0, 245, DRAWN, 262], fill=(120, 140, 95))
    draw.rectangle([30, 95, 245, 270], fill=(235, 232, 225))
    draw.rectangle([30, 235, 245, 270], fill=(205, 60, 45))
    cab = [(250, 140), (320, 140), (352, 200), (352, 272), (250, 272)]
    draw.polygon(cab, fill=(205, 60, 45))
    draw.polygon([(265, 152), (312, 152), (335, 198), (265, 198)], fill=(60, 80, 100))
    for x in (85, 190, 305):
        wheel(draw, x, 275, 30)
    return image


def automobile():
    image, draw = background((185, 205, 220), (222, 226, 226))
    draw.rectangle([0, 250, DRAWN, DRAWN], fill=(105, 105, 108))
    draw.polygon([(95, 190), (140, 130), (255, 130), (305, 190)], fill=(190, 35, 35))
    draw.rounded_rectangle([30, 185, 355, 265], 26, fill=(190, 35, 35))
    draw.polygon([(112, 188), (148, 142), (195, 142), (195, 188)], fill=(70, 90, 110))
    draw.polygon([(205, 188), (205, 142), (248, 142), (285, 188)], fill=(70, 90, 110))
    for x in (100, 285):
        wheel(draw, x, 264, 36)
    draw.ellipse([338, 200, 356, 220], fill=(250, 240, 190))
    return image


def wheel(draw, x, y, radius):
    hub = int(radius * 0.45)
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(26, 26, 29))
    draw.ellipse([x - hub, y - hub, x + hub, y + hub], fill=(165, 165, 170))


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2] / "www/src/samples")
    folder.mkdir(parents=True, exist_ok=True)
    for draw in (airplane, automobile, ship, truck):
        image = draw().filter(ImageFilter.GaussianBlur(2))
        path = folder / f"{draw.__name__}.jpg"
        image.resize((STORED, STORED), Image.LANCZOS).save(path, quality=88, optimize=True)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
