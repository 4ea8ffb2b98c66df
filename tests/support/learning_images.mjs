// Images to teach a model something new: hand signs, and drawn ones where those are not at hand.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./fovea.mjs";

// A small image as a BMP file: `rgb(x, y)` gives a pixel as three numbers.
function bmp(side, rgb) {
  const row = Math.ceil((3 * side) / 4) * 4;
  const file = Buffer.alloc(54 + row * side);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10); // where the pixels are
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

// Numbers from 0 to 1, the same for the same seed.
function random(seed) {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

// The image number `i` of a colour: stripes of it, with noise, all different.
export function drawn(i, [r, g, b], side = 32) {
  const next = random(i + 1000 * r + 7 * g + b);
  const wide = 3 + Math.floor(5 * next());
  return bmp(side, (x, y) => {
    const light = Math.floor((x + y) / wide) % 2 === 0 ? 1 : 0.55;
    return [r, g, b].map((value) => light * value + 40 * (next() - 0.5));
  });
}

// A folder DIR/name with `count` drawn images; returns its path.
export function drawnFolder(dir, name, colour, count) {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; ++i) writeFileSync(join(folder, `${name}-${i}.bmp`), drawn(i, colour));
  return folder;
}

export const newFolder = () => mkdtempSync(join(tmpdir(), "fovea-images-"));

// A folder "hand-NAME" with `count` photographs of hands that show a digit; undefined, said loudly, where
// the shared data is not there.
export function handSigns(digit, count) {
  const shared = process.env.FOVEA_SHARED_DATA ?? join(root, "../shared/data");
  const archive = join(shared, "hand-signs-0-4.tar");
  if (!existsSync(archive)) {
    console.log(`SKIPPED: hand signs, there is no ${archive}`);
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

export const filesIn = (folder) => readdirSync(folder).sort().map((name) => join(folder, name));
