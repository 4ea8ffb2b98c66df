// Sends changed labels in the background, so that labelling does not wait for the server. One request at a time, each
// with all waiting images of one label; of several changes of an image only the latest is sent.

const kMaxImages = 500; // of a request

export class LabelSender {
  error: unknown; // of the latest request; nothing is sent until retry()
  private readonly waiting = new Map<string, string>(); // sha256 -> label
  private inFlight = 0;
  private busy = false;

  constructor(
    private readonly send: (sha256: string[], label: string) => Promise<unknown>,
    private readonly onChange: () => void,
  ) {}

  // Images whose label is not stored yet.
  get left(): number {
    return this.waiting.size + this.inFlight;
  }

  add(sha256: string, label: string): void {
    this.waiting.set(sha256, label);
    void this.run();
  }

  retry(): void {
    this.error = undefined;
    void this.run();
  }

  private async run(): Promise<void> {
    if (this.busy || this.error !== undefined) return;
    this.busy = true;
    for (const [, label] of this.waiting) {
      const hashes = [...this.waiting].filter(([, other]) => other === label).map(([hash]) => hash);
      if (!(await this.sendSome(hashes.slice(0, kMaxImages), label))) break;
    }
    this.busy = false;
    if (this.waiting.size > 0 && this.error === undefined) void this.run();
    this.onChange();
  }

  private async sendSome(hashes: string[], label: string): Promise<boolean> {
    for (const hash of hashes) this.waiting.delete(hash);
    this.inFlight = hashes.length;
    try {
      if (hashes.length > 0) await this.send(hashes, label);
    } catch (error) {
      // Unless the user has changed it again meanwhile.
      for (const hash of hashes) if (!this.waiting.has(hash)) this.waiting.set(hash, label);
      this.error = error;
    }
    this.inFlight = 0;
    this.onChange();
    return this.error === undefined;
  }
}
