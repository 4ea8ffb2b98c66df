import type { Progress } from "./messages.js";

// Downloads a file and reports the progress. Throws Error with the address and the reason.
export async function download(
  address: string,
  onProgress: (progress: Progress) => void = () => {},
  headers: Record<string, string> = {},
): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address, { headers });
  } catch {
    throw new Error(`cannot reach ${address}`);
  }
  if (!response.ok || response.body === null) {
    throw new Error(`${address}: status ${response.status}`);
  }
  // Content-Length is the encoded size, so it is only useful without a content encoding.
  const encoded = response.headers.has("content-encoding");
  const total = encoded ? 0 : Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  const whole = total === 0 ? undefined : new Uint8Array(total); // instead of a copy at the end
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error(`${address}: connection lost after ${received} bytes`);
    });
    if (done) break;
    if (whole !== undefined && received + value.length <= total) whole.set(value, received);
    else chunks.push(value);
    received += value.length;
    onProgress({ received, total });
  }
  if (total !== 0 && received !== total) {
    throw new Error(`${address}: connection lost after ${received} of ${total} bytes`);
  }
  return whole ?? concatenate(chunks, received);
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
