import type { Progress } from "./messages.js";

// A whole file with progress. Throws Error naming the address and the reason.
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
    throw new Error(`${address} answered ${response.status}`);
  }
  // The length is of what travels; with a content encoding it says nothing about what arrives here.
  const encoded = response.headers.has("content-encoding");
  const total = encoded ? 0 : Number(response.headers.get("content-length") ?? 0);
  const pieces: Uint8Array[] = [];
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error(`${address} broke off after ${received} bytes`);
    });
    if (done) break;
    pieces.push(value);
    received += value.length;
    onProgress({ received, total });
  }
  if (total !== 0 && received !== total) {
    throw new Error(`${address} broke off after ${received} of ${total} bytes`);
  }
  return joined(pieces, received);
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
