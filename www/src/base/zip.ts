// Writes zip archives (APPNOTE.TXT of PKWARE, version 6.3.9) of files that are compressed already: they are stored.

export interface ZipEntry {
  path: string;
  content: Blob; // read once, for its checksum; the archive refers to it
}

const kMaxEntries = 0xffff;
const kMaxBytes = 0xffffffff;

const kTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; ++bit) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (kTable[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

// [bytes, value] pairs, little-endian.
function pack(...fields: readonly (readonly [2 | 4, number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

// MS-DOS date and time in local time; two seconds are one unit.
function dosTime(time: Date): readonly [time: number, date: number] {
  const seconds = (time.getHours() << 11) | (time.getMinutes() << 5) | (time.getSeconds() >> 1);
  return [seconds, ((time.getFullYear() - 1980) << 9) | ((time.getMonth() + 1) << 5) | time.getDate()];
}

// Rejects when a file cannot be read, and with a RangeError when the archive would exceed the format.
export async function zip(entries: readonly ZipEntry[], time = new Date()): Promise<Blob> {
  if (entries.length > kMaxEntries) throw new RangeError(`a zip archive has at most ${kMaxEntries} files`);
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let offset = 0;
  let directorySize = 0;
  const [clock, date] = dosTime(time);
  for (const { path, content } of entries) {
    const name = new TextEncoder().encode(path);
    const crc = crc32(new Uint8Array(await content.arrayBuffer()));
    // Version needed 2.0, names in UTF-8 (bit 11), method 0.
    const common = [
      [2, 20],
      [2, 0x800],
      [2, 0],
      [2, clock],
      [2, date],
      [4, crc],
    ] as const;
    const sizes = [
      [4, content.size],
      [4, content.size],
      [2, name.length],
      [2, 0],
    ] as const;
    const local = pack([4, 0x04034b50], ...common, ...sizes);
    const central = pack([4, 0x02014b50], [2, 20], ...common, ...sizes, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
    parts.push(local, name, content);
    directory.push(central, name);
    offset += local.length + name.length + content.size;
    directorySize += central.length + name.length;
    if (offset + directorySize > kMaxBytes) throw new RangeError("the archive would have more than 4 GB");
  }
  const count = entries.length;
  const end = pack([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, directorySize], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
