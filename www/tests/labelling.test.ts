import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrainingImage } from "../src/net/dataset.js";
import { LabelSender } from "../src/views/data/label_sender.js";
import {
  type Action,
  act,
  actionOf,
  digitClasses,
  digitOf,
  type LabelChange,
  type Labelling,
  labelAt,
  startLabelling,
  stillMatching,
} from "../src/views/data/labelling.js";

const images = ["a", "b", "c"].map((sha256) => ({ sha256, label: "old", file: `${sha256}.png` }) as TrainingImage);
const choose = (label: string): Action => ({ kind: "choose", label });

// The state after some actions, and the changes that they sent.
function run(actions: readonly Action[]): [Labelling, LabelChange[]] {
  let now = startLabelling(images);
  const sent: LabelChange[] = [];
  for (const action of actions) {
    const [next, change] = act(now, action);
    now = next;
    if (change) sent.push(change);
  }
  return [now, sent];
}

test("choosing a class labels the image and shows the next one", () => {
  const [now, sent] = run([choose("new"), choose("old"), { kind: "accept" }]);
  assert.equal(now.at, 3, "behind the last image");
  assert.equal(now.done.size, 3);
  assert.deepEqual(sent, [{ sha256: "a", label: "new" }], "a label that stays is not sent");
  assert.equal(labelAt(now, 0), "new");
  assert.equal(stillMatching(now, "old"), 2);
  assert.equal(stillMatching(now, ""), 3);
  assert.deepEqual(act(now, choose("new")), [now], "there is nothing behind the last image");
});

test("undo shows the image again with its earlier label", () => {
  const [now, sent] = run([choose("new"), choose("other"), { kind: "undo" }]);
  assert.equal(now.at, 1);
  assert.deepEqual(sent.at(-1), { sha256: "b", label: "old" });
  assert.deepEqual([...now.done], [0]);
  const [start, all] = run([
    choose("new"),
    { kind: "move", by: -1 },
    choose("other"),
    { kind: "undo" },
    { kind: "undo" },
  ]);
  assert.equal(start.at, 0);
  assert.deepEqual(
    all.map(({ label }) => label),
    ["new", "other", "new", "old"],
  );
  assert.equal(start.done.size, 0);
  assert.deepEqual(act(start, { kind: "undo" }), [start], "nothing is left to undo");
});

test("the arrows stay within the images", () => {
  const back: Action = { kind: "move", by: -1 };
  const on: Action = { kind: "move", by: 1 };
  assert.equal(run([back])[0].at, 0);
  assert.equal(run([on, on, on, on])[0].at, 3);
  assert.deepEqual(run([on, on])[1], []);
});

test("digits choose the classes in order and zero is the tenth", () => {
  const classes = Array.from({ length: 10 }, (_, i) => `class ${i}`);
  assert.deepEqual(actionOf("1", classes), choose("class 0"));
  assert.deepEqual(actionOf("0", classes), choose("class 9"));
  assert.equal(actionOf("3", ["a", "b"]), undefined);
  assert.deepEqual(actionOf("U", classes), { kind: "undo" });
  assert.equal(actionOf("x", classes), undefined);
  assert.deepEqual([0, 8, 9].map(digitOf), ["1", "9", "0"]);
});

test("with more than ten classes the digits are those of the largest", () => {
  const counts = (name: string, total: number) => ({ name, total, train: total, val: 0, test: 0 });
  const many = Array.from({ length: 12 }, (_, i) => counts(String.fromCharCode(97 + i), i));
  assert.deepEqual(digitClasses(many), Array.from("cdefghijkl"));
  assert.deepEqual(digitClasses([counts("b", 9), counts("a", 1)]), ["a", "b"]);
});

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("labels are sent one request at a time and the latest one of an image counts", async () => {
  const sent: [string[], string][] = [];
  let finish = (): void => undefined;
  const send = (hashes: string[], label: string): Promise<void> => {
    sent.push([hashes, label]);
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const sender = new LabelSender(send, () => undefined);
  sender.add("a", "x");
  sender.add("b", "x");
  sender.add("c", "y");
  sender.add("b", "z");
  assert.equal(sender.left, 3);
  assert.deepEqual(sent, [[["a"], "x"]]);
  for (let i = 0; i < 5; ++i) {
    finish();
    await settle();
  }
  assert.deepEqual(sent, [
    [["a"], "x"],
    [["b"], "z"],
    [["c"], "y"],
  ]);
  assert.equal(sender.left, 0);
});

test("a label that could not be sent is kept and sent again", async () => {
  const sent: string[] = [];
  let fails = true;
  const send = async (hashes: string[], label: string): Promise<void> => {
    if (fails) throw new Error("away");
    sent.push(`${hashes.join()}=${label}`);
  };
  const sender = new LabelSender(send, () => undefined);
  sender.add("a", "x");
  await settle();
  assert.equal((sender.error as Error).message, "away");
  assert.equal(sender.left, 1);
  sender.add("b", "x");
  await settle();
  assert.equal(sender.left, 2, "nothing is sent until the user tries again");
  fails = false;
  sender.retry();
  await settle();
  assert.deepEqual(sent, ["a,b=x"]);
  assert.equal(sender.left, 0);
});
