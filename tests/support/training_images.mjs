// Training images of new classes: photographs of hand signs, and generated images.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./fovea.mjs";

// A square BMP file; `rgb(x, y)` returns the pixel as three numbers from 0 to 255.
function bmp(side, rgb) {
  const row = Math.ceil((3 * side) / 4) * 4;
  const file = Buffer.alloc(54 + row * side);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10); // offset of the pixels
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(side, 18);
  file.writeInt32LE(side, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < side; ++y) {
    for (let x = 0; x < side; ++x) {
      const [r, g, b] = rgb(x, y).map((value) => Math.max(0, Math.min(255, Math.round(value))));
      file.set([b, g, r], 54 + y * row + 3 * x);
    }
  }
  return file;
}

// A generator of numbers in [0, 1), deterministic for a seed.
function randomNumbers(seed) {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

// Image `i` of a colour: stripes with noise, different for every `i`.
export function stripedImage(i, [r, g, b], side = 32) {
  const next = randomNumbers(i + 1000 * r + 7 * g + b);
  const width = 3 + Math.floor(5 * next());
  return bmp(side, (x, y) => {
    const light = Math.floor((x + y) / width) % 2 === 0 ? 1 : 0.55;
    return [r, g, b].map((value) => light * value + 40 * (next() - 0.5));
  });
}

// Writes `count` generated images into the folder DIR/name; returns its path.
export function stripedFolder(dir, name, colour, count) {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; ++i) writeFileSync(join(folder, `${name}-${i}.bmp`), stripedImage(i, colour));
  return folder;
}

export const newFolder = () => mkdtempSync(join(tmpdir(), "fovea-images-"));

// A folder "hand-DIGIT" with `count` photographs of hands that show the digit; undefined, with a message, if the
// shared data is missing.
export function handSigns(digit, count) {
  const shared = process.env.FOVEA_SHARED_DATA ?? join(root, "../shared/data");
  const archive = join(shared, "hand-signs-0-4.tar");
  if (!existsSync(archive)) {
    console.log(`SKIPPED: tests with hand signs: ${archive} does not exist`);
    return undefined;
  }
  const names = execFileSync("tar", ["-tf", archive], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name.startsWith(`hands/${digit}/`) && !name.endsWith("/"))
    .sort()
    .slice(0, count);
  const folder = join(newFolder(), `hand-${digit}`);
  mkdirSync(folder);
  execFileSync("tar", ["-xf", archive, "-C", folder, "--strip-components=2", ...names]);
  return folder;
}

export const filesIn = (folder) =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
