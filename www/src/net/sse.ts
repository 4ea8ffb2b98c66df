// Server-sent events out of a response.
import { createParser } from "eventsource-parser";

const kSilence = 40_000; // milliseconds; the server says something at least every 15 s

export interface ServerEvent {
  id?: string | undefined;
  event?: string | undefined;
  data: string;
}

// Tells of each event until the stream ends. Breaks off, which throws, or stays silent, which aborts `cut`.
export async function readEvents(response: Response, cut: AbortController, tell: (event: ServerEvent) => void): Promise<void> {
  const parser = createParser({ onEvent: tell });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const silence = setTimeout(() => cut.abort(), kSilence);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    parser.feed(value);
  }
}
