// Takes down what a page looks like whenever it changes, with the time, and makes a film of it. The clock of
// the film may stand still, and be made to run faster than the world's.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export class Recorder {
  #folder = mkdtempSync(join(tmpdir(), "fovea-film-"));
  #frames = []; // {file, at}, at = seconds of the film
  #running = false;
  #since = 0; // when that was set, in the world
  #clock = 0; // and in the film
  #session;

  async start(page, { width, height }) {
    this.#session = await page.context().newCDPSession(page);
    this.#session.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
      this.#take(data, metadata.timestamp);
      this.#session.send("Page.screencastFrameAck", { sessionId }).catch(() => undefined); // the page is gone
    });
    const options = { format: "jpeg", quality: 92, maxWidth: width, maxHeight: height };
    await this.#session.send("Page.startScreencast", options);
  }

  #at(now) {
    return this.#running ? this.#clock + Math.max(0, now - this.#since) : this.#clock;
  }

  #take(data, now) {
    const at = this.#at(now);
    const newest = this.#frames.at(-1);
    // While the clock stands still the last look counts, and faster than the eye sees it is not needed.
    const file = newest !== undefined && at - newest.at < 0.03 ? newest.file : `${this.#frames.length}.jpg`;
    writeFileSync(join(this.#folder, file), Buffer.from(data, "base64"));
    if (file !== newest?.file) this.#frames.push({ file, at });
  }

  set running(on) {
    const now = Date.now() / 1000;
    this.#clock = this.#at(now);
    this.#since = now;
    this.#running = on;
  }

  // Makes what came after second `from` of the film run faster, so that it takes `length` seconds.
  squeeze(from, length) {
    this.running = this.#running;
    const factor = Math.min(1, length / (this.#clock - from));
    for (const frame of this.#frames) if (frame.at > from) frame.at = from + (frame.at - from) * factor;
    this.#clock = from + (this.#clock - from) * factor;
  }

  // Seconds of the film so far.
  get seconds() {
    return this.#at(Date.now() / 1000);
  }

  async stop() {
    this.running = false;
    await this.#session.send("Page.stopScreencast");
  }

  // VP9 in WebM, a frame where something changed; one thread, as others may be at work here.
  async write(path, { width, height }) {
    const lines = this.#frames.map(({ file, at }, i) => {
      const until = this.#frames[i + 1]?.at ?? this.#clock;
      return `file '${file}'\nduration ${Math.max(until - at, 0.02).toFixed(3)}`;
    });
    const list = join(this.#folder, "frames.txt");
    writeFileSync(list, `${lines.join("\n")}\nfile '${this.#frames.at(-1).file}'\n`);
    await run("ffmpeg", [
      ..."-v error -y -f concat -i".split(" "), list,
      ..."-fps_mode vfr -an -c:v libvpx-vp9 -threads 1 -row-mt 0 -deadline good -cpu-used 5".split(" "),
      ..."-b:v 0 -crf 33 -g 250 -pix_fmt yuv420p".split(" "),
      "-vf", `scale=${width}:${height}:flags=lanczos`, path,
    ]);
  }

  discard() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
