// Records a frame whenever the page changes and encodes the frames as a video. The clock of the recording can be
// paused and sped up.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export class Recorder {
  #folder = mkdtempSync(join(tmpdir(), "fovea-demo-"));
  #frames = []; // {file, at}, at = seconds in the recording
  #running = false;
  #since = 0; // when #running was set, system time
  #clock = 0; // the same in the recording
  #session;

  async start(page, { width, height }) {
    this.#session = await page.context().newCDPSession(page);
    this.#session.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
      this.#take(data, metadata.timestamp);
      this.#session.send("Page.screencastFrameAck", { sessionId }).catch(() => undefined); // the page is closed
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
    // Frames less than 30 ms apart, or while the clock is paused, replace the previous one.
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

  // Speeds up everything after second `from` so that it takes `length` seconds.
  squeeze(from, length) {
    this.running = this.#running;
    const factor = Math.min(1, length / (this.#clock - from));
    for (const frame of this.#frames) if (frame.at > from) frame.at = from + (frame.at - from) * factor;
    this.#clock = from + (this.#clock - from) * factor;
  }

  // Length of the recording so far, seconds.
  get seconds() {
    return this.#at(Date.now() / 1000);
  }

  async stop() {
    this.running = false;
    await this.#session.send("Page.stopScreencast");
  }

  // The frames that are shown for 40 ms or more. ffmpeg would show each of the others for 40 ms, too, so that a
  // sped-up scene would become longer again.
  #thinned() {
    const kept = [];
    let next = this.#clock + 1;
    for (const frame of [...this.#frames].reverse()) {
      if (next - frame.at < 0.04) continue;
      kept.push(frame);
      next = frame.at;
    }
    return kept.reverse();
  }

  // Returns the length in seconds. VP9 in WebM with variable frame rate; one thread, because other programs may be running.
  async write(path, { width, height }) {
    const frames = this.#thinned();
    const lines = frames.map(({ file, at }, i) => {
      const until = frames[i + 1]?.at ?? this.#clock;
      return `file '${file}'\nduration ${(until - at).toFixed(3)}`;
    });
    const list = join(this.#folder, "frames.txt");
    writeFileSync(list, `${lines.join("\n")}\nfile '${this.#frames.at(-1).file}'\n`);
    await run("ffmpeg", [
      ..."-v error -y -f concat -i".split(" "),
      list,
      ..."-fps_mode vfr -an -c:v libvpx-vp9 -threads 1 -row-mt 0 -deadline good -cpu-used 5".split(" "),
      ..."-b:v 0 -crf 33 -g 250 -pix_fmt yuv420p".split(" "),
      "-vf",
      `scale=${width}:${height}:flags=lanczos`,
      path,
    ]);
    const shown = await run("ffprobe", [..."-v error -show_entries format=duration -of csv=p=0".split(" "), path]);
    return Number(shown.stdout);
  }

  discard() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
