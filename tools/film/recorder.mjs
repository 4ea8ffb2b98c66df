// Takes down what a page looks like whenever it changes, with the time, and makes a film of it. The time of
// the film may run faster than that of the world, or stand still.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export class Recorder {
  #folder = mkdtempSync(join(tmpdir(), "fovea-film-"));
  #frames = []; // {file, at}, at = seconds of the film
  #speed = 0; // seconds of the film in one of the world
  #since = 0; // when it was set, in the world
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
    return this.#clock + Math.max(0, now - this.#since) * this.#speed;
  }

  #take(data, now) {
    const at = this.#at(now);
    const newest = this.#frames.at(-1);
    // While the clock stands still the last look counts, and faster than the eye sees it is not needed.
    const file = newest !== undefined && at - newest.at < 0.03 ? newest.file : `${this.#frames.length}.jpg`;
    writeFileSync(join(this.#folder, file), Buffer.from(data, "base64"));
    if (file !== newest?.file) this.#frames.push({ file, at });
  }

  // 1 = as it is, 8 = eight times as fast, 0 = not at all.
  set speed(factor) {
    const now = Date.now() / 1000;
    this.#clock = this.#at(now);
    this.#since = now;
    this.#speed = factor;
  }

  // Seconds of the film so far.
  get seconds() {
    return this.#at(Date.now() / 1000);
  }

  get folder() {
    return this.#folder;
  }

  async stop() {
    this.speed = 0;
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
      ..."-b:v 0 -crf 36 -g 250 -pix_fmt yuv420p".split(" "),
      "-vf", `scale=${width}:${height}:flags=lanczos`, path,
    ]);
  }

  discard() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
