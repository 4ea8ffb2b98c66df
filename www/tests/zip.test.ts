import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32, zip } from "../src/base/zip.js";

test("the checksum is that of the standard", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array()), 0);
});

// Python's zipfile checks the checksums and reads the directory.
const kRead = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[i.filename, archive.read(i).decode("latin1"), list(i.date_time)] for i in archive.infolist()]))
`;

test("another program reads the archive with names in any language", async () => {
  const entries = [
    { path: "project.json", content: new Blob(["{}"]) },
    { path: "train/Füße/人.jpg", content: new Blob([Uint8Array.of(0, 255, 80, 75, 1, 2)]) },
    { path: "empty", content: new Blob([]) },
  ];
  const archive = await zip(entries, new Date(2026, 1, 3, 4, 5, 6));
  const file = join(mkdtempSync(join(tmpdir(), "fovea-zip-")), "a.zip");
  writeFileSync(file, new Uint8Array(await archive.arrayBuffer()));
  const read = JSON.parse(execFileSync("python3", ["-c", kRead, file], { encoding: "utf8" }));
  const time = [2026, 2, 3, 4, 5, 6];
  assert.deepEqual(read, [
    ["project.json", "{}", time],
    ["train/Füße/人.jpg", "\x00ÿPK\x01\x02", time],
    ["empty", "", time],
  ]);
});

test("more files than the format allows are an error", async () => {
  const many = Array.from({ length: 65_536 }, (_, i) => ({ path: String(i), content: new Blob([]) }));
  await assert.rejects(zip(many), RangeError);
});
