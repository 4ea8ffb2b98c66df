// Reads server-sent events from a response.
import { createParser } from "eventsource-parser";

const kSilence = 40_000; // milliseconds; the server sends something at least every 15 s

export interface ServerEvent {
  id?: string | undefined;
  event?: string | undefined;
  data: string;
}

// Calls `onEvent` for each event and returns when the stream ends. Throws when the stream breaks off; aborts
// `connection`, which throws too, when it stays silent.
export async function readEvents(
  response: Response,
  connection: AbortController,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  if (response.body === null) return;
  const parser = createParser({ onEvent });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const silence = setTimeout(() => connection.abort(), kSilence);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    parser.feed(value);
  }
}
