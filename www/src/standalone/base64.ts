const kSlice = 1 << 20; // characters, a multiple of 4: the decoded text of a slice is small

// The bytes of a base64 text (RFC 4648, with padding).
export function decodeBase64(text: string): Uint8Array {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let size = 0;
  for (let from = 0; from < text.length; from += kSlice) {
    const slice = atob(text.slice(from, from + kSlice));
    for (let i = 0; i < slice.length; ++i) bytes[size++] = slice.charCodeAt(i);
  }
  return bytes;
}
