import assert from "node:assert/strict";
import { test } from "node:test";
import type { Epoch, Job, JobEvent } from "../src/net/jobs.js";
import { isWrong, kDefaults, refusedSetting, toOptions } from "../src/views/train/options.js";
import { accuracySentence, curveCaveat, judgeNotes, lossSentence, outcomeOf, planLead, rateSentence, resumeSentence, roughTime, took } from "../src/views/train/story.js";
import { type Told, kNothing, secondsLeft, shareOf, stepNow, take } from "../src/views/train/told.js";

const after = (...events: JobEvent[]): Told => events.reduce(take, kNothing);
const epoch = (n: number, rest: Partial<Epoch> = {}): JobEvent => ({ event: "epoch", epoch: n, train_loss: 1 / n, ...rest });

test("epochs that come twice count once, and one that is done again takes the place of those after it", () => {
  const told = (...events: JobEvent[]) => after(...events).epochs.map((one) => [one.epoch, one.train_loss]);
  assert.deepEqual(told(epoch(1), epoch(2), epoch(2, { train_loss: 9 })), [[1, 1], [2, 9]]);
  assert.deepEqual(told(epoch(1), epoch(2), epoch(1, { train_loss: 9 })), [[1, 9]]);
});

test("a resumed job goes on where it was saved last, and rounds after that are not shown until they are done again", () => {
  const running: JobEvent = { event: "state", state: "running" };
  const killed: JobEvent = { event: "state", state: "interrupted" };
  const saved: JobEvent = { event: "checkpoint" };
  const seen = (...events: JobEvent[]) => {
    const told = after(running, ...events);
    return [told.epochs.map((one) => one.epoch), told.saved, told.again];
  };
  assert.deepEqual(seen(epoch(1), epoch(2), killed), [[1, 2], undefined, false]);
  assert.deepEqual(seen(epoch(1), epoch(2), killed, running), [[], undefined, true]);
  assert.deepEqual(seen(epoch(1), saved, epoch(2), killed, running), [[1], 1, true]);
  assert.deepEqual(seen(epoch(1), saved, killed, running, epoch(2)), [[1, 2], 1, false]);
  assert.deepEqual(seen(saved, killed), [[], 0, false]);
  assert.match(resumeSentence(undefined), /begins anew/);
  assert.match(resumeSentence(0), /within round 1/);
  assert.match(resumeSentence(7), /after round 7/);
});

test("a job is where its phase says, also after a reload that missed it", () => {
  assert.equal(stepNow(kNothing), "look");
  assert.equal(stepNow(after({ event: "progress", phase: "training the head" })), "learn");
  assert.equal(stepNow(after({ event: "progress", phase: "training" }, epoch(1))), "learn");
  assert.equal(stepNow(after(epoch(3))), "learn");
  assert.equal(stepNow(after(epoch(3), { event: "progress", phase: "judging" })), "judge");
  assert.equal(stepNow(after({ event: "progress", phase: "describing the new model" })), "describe");
  assert.equal(stepNow(after({ event: "progress", phase: "of a later version" })), "look");
});

test("how far it is counts steps where they are told, else epochs that are over", () => {
  assert.equal(shareOf(kNothing), undefined);
  assert.equal(shareOf(after({ event: "start", epochs: 4 })), undefined);
  assert.equal(shareOf(after({ event: "start", epochs: 4 }, epoch(1))), 0.25);
  assert.equal(shareOf(after({ event: "progress", step: 30, steps: 120, epochs: 4 })), 0.25);
});

test("moments between epochs have their place on the axis, and what is done again replaces them", () => {
  const moment = (step: number): JobEvent => ({ event: "progress", step, steps: 100, epochs: 10, loss: step, accuracy: 0.5 });
  assert.deepEqual(after(moment(5), moment(25)).points.map(({ at }) => at), [0.5, 2.5]);
  assert.deepEqual(after(moment(5), moment(25), moment(10)).points.map(({ at }) => at), [0.5, 1]);
  let many = kNothing;
  for (let step = 0; step < 5_000; ++step) many = take(many, { event: "progress", step, steps: 5_000, epochs: 10, loss: 1, accuracy: 1 });
  assert.ok(many.points.length <= 2_001, `${many.points.length} points`);
  assert.ok(Math.abs((many.points.at(-1)?.at ?? 0) - 9.998) < 1e-9, "the latest is kept");
});

test("what was typed becomes options; what is left alone is left to the program", () => {
  assert.deepEqual(toOptions(kDefaults, false), {});
  const numbers = { ...kDefaults.numbers, epochs: " 3 ", lr: "0,02", seed: "7", replay: "x" };
  assert.deepEqual(toOptions({ mode: "full", promote: "never", freeze: "no", numbers }, false), {
    mode: "full",
    promote: "never",
    freeze_statistics: "no",
    epochs: 3,
    lr: 0.02,
    seed: 7,
  });
  assert.deepEqual(toOptions({ ...kDefaults, freeze: "no", numbers }, true), { epochs: 3, seed: 7 }, "the head alone has no learning rate");
  assert.deepEqual([isWrong(""), isWrong("1e-3"), isWrong("0,1"), isWrong("many")], [false, false, false, true]);
});

test("a plan is told in a sentence", () => {
  assert.match(planLead({ new_images: 0, new_classes: [] }), /go on with the images that it knows/);
  assert.equal(planLead({ new_images: 1, new_classes: [] }), "The model in service would learn from 1 new image.");
  assert.match(planLead({ new_images: 1200, new_classes: ["one"] }), /from 1,200 new images\. Among them is a class it does not know yet: one\./);
  assert.match(planLead({ new_images: 5, new_classes: ["one", "two"] }), /2 classes it does not know yet: one and two\./);
});

test("a time that is a guess has no more figures than it can have", () => {
  assert.deepEqual([0.2, 7.4, 23, 61, 200, 3_700].map(roughTime), ["1 s", "7 s", "25 s", "1 min", "3 min 30 s", "1 h 2 min"]);
});

const curve = (...vals: number[]): Epoch[] =>
  vals.map((val_loss, i) => ({ epoch: i + 1, train_loss: 1 - i / 10, val_loss, train_accuracy: 0.9, val_accuracy: 0.8, lr: 0.1 / (i + 1) }));

test("the sentence about the loss says whether it is learned by heart", () => {
  assert.equal(lossSentence([]), "No round is complete yet.");
  assert.equal(lossSentence(curve(0.5)), "After the first round the loss is 1.00. On images kept aside it is 0.50, the lowest so far.");
  assert.match(lossSentence(curve(0.5, 0.4, 0.5)), /^Over 3 rounds the loss went from 1\.00 to 0\.80\. On images kept aside it was lowest \(0\.40\) after round 2 and is 0\.50 now, one round later: it begins/);
  assert.match(lossSentence(curve(0.5, 0.4, 0.401)), /it is 0\.40, about as low as after round 2/);
});

test("a gap between what is learned and what is kept aside is told where it means something", () => {
  assert.match(accuracySentence(curve(0.5), "full"), /90\.0 % .* 80\.0 %\. That is 10\.0 points less/);
  assert.doesNotMatch(accuracySentence(curve(0.5), "frozen"), /points less/);
  assert.equal(accuracySentence([{ epoch: 1, train_accuracy: 1 }], "full"), "After the first round 100.0 % of what it learns from is right.");
});

test("few rounds are said to be few", () => {
  assert.equal(curveCaveat([]), undefined);
  assert.match(curveCaveat(curve(1)) ?? "", /One round/);
  assert.equal(curveCaveat(curve(1, 1, 1)), undefined);
});

test("the sentence about the learning rate says what it did, not what it usually does", () => {
  const rates = (...lr: number[]) => rateSentence(lr.map((value, i) => ({ epoch: i + 1, lr: value })));
  assert.equal(rates(0.1), "It is 0.10.");
  assert.equal(rates(0.1, 0.05), "It begins with 0.10 and is 0.050 now: large steps first, small ones to settle.");
  assert.equal(rates(0.02, 0.06, 0.1), "It began with 0.020 and has climbed to 0.10 so far.");
  assert.equal(rates(0.02, 0.1, 0.1), "It began with 0.020 and has climbed to 0.10 so far.");
  assert.match(rates(0.02, 0.1, 0.05), /^It climbed from 0\.020 to 0\.10 by round 2 and is 0\.050 now/);
  assert.equal(rates(0.1, 0.02, 0.05), "It began with 0.10 and is 0.050 now.");
  assert.equal(rates(0.1, 0.1), "It stays at 0.10.");
});

test("a plan says beforehand what nobody will be able to judge", () => {
  const one = (name: string, fresh: boolean, test: number) => ({ name, new: fresh, train: 9, val: 1, test, old: 0 });
  assert.deepEqual(judgeNotes({ images: [one("a", true, 4), one("b", false, 0)], old_images: 5 }), []);
  const told = judgeNotes({ images: [one("a", true, 3), one("b", true, 0)], old_images: 0 });
  assert.match(told[0] ?? "", /^Whether it recognises a and b can hardly be judged: they have fewer than 4/);
  assert.match(told[1] ?? "", /no old images/);
});

test("what came of a job is told in a few words", () => {
  const told = (kind: Job["kind"], result: Job["result"], reason?: string): string => outcomeOf({ kind, result, reason });
  assert.equal(told("retrain", null, "killed"), "killed");
  assert.equal(told("retrain", { version: 2, promoted: true }), "version 2 is in service");
  const judged = (decision: string) => told("retrain", { version: 3, promoted: false, verdict: { decision } as never });
  assert.deepEqual([judged("promote"), judged("reject"), judged("cannot_judge")], ["version 3 passed, not in service", "version 3, not good enough", "version 3, could not be judged"]);
  assert.equal(told("import", { added: 1200, duplicates: 0 }), "1,200 images added, 0 there already");
  assert.equal(told("evaluate", { version: 1, evaluation: 4 }), "version 1 measured");
});

test("how long a job took is known when it has begun and ended", () => {
  const times = (started: string | null, ended: string | null) => took({ started, ended } as Job);
  assert.equal(times("2026-01-01T00:00:00Z", "2026-01-01T00:00:12.5Z"), 12.5);
  assert.equal(times("2026-01-01T00:00:00Z", null), undefined);
});

test("the time left is the job's own guess, else what the latest rounds took", () => {
  let told = take(kNothing, { event: "start", epochs: 10 });
  assert.equal(secondsLeft(told), undefined, "nothing to go by");
  for (let epoch = 1; epoch <= 7; ++epoch) told = take(told, { event: "epoch", epoch, seconds: epoch === 1 ? 100 : 2 });
  assert.equal(secondsLeft(told), 6, "the first round was slow, but is long ago");
  assert.equal(secondsLeft(take(told, { event: "progress", phase: "training", eta_seconds: 40 })), 40);
  for (let epoch = 8; epoch <= 10; ++epoch) told = take(told, { event: "epoch", epoch, seconds: 2 });
  assert.equal(secondsLeft(told), undefined, "all are done");
});

test("a setting that the server refuses is told beside its field", () => {
  assert.deepEqual(refusedSetting('"epochs" cannot be 99999999: it is a whole number from 1 to 1000'), { name: "epochs", value: "99999999", why: "it is a whole number from 1 to 1000" });
  assert.equal(refusedSetting('"mode" cannot be "x": it is one of auto'), undefined);
  assert.equal(refusedSetting("there is nothing new to learn"), undefined);
});
