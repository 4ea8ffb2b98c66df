// Changes a model file (docs/model-format.md) for tests.
import { createHash } from "node:crypto";

// The model file with another name for a class, and the matching hash of the header.
export function withClass(file, name, newName) {
  const size = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + size).toString("utf8"));
  const metadata = header.__metadata__;
  const classes = JSON.parse(metadata.classes);
  if (!classes.includes(name)) throw new Error(`no class ${name} among ${classes}`);
  metadata.classes = JSON.stringify(classes.map((one) => (one === name ? newName : one)));
  metadata.header_sha256 = "0".repeat(64);
  const text = JSON.stringify(header);
  const length = Math.ceil(Buffer.byteLength(text) / 8) * 8;
  const padded = text + " ".repeat(length - Buffer.byteLength(text));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(length));
  const sha256 = createHash("sha256").update(padded).digest("hex");
  return Buffer.concat([
    start,
    Buffer.from(padded.replace(`"header_sha256":"${metadata.header_sha256}"`, `"header_sha256":"${sha256}"`)),
    file.subarray(8 + size),
  ]);
}
