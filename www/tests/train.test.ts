import assert from "node:assert/strict";
import { test } from "node:test";
import { roughTime } from "../src/base/format.js";
import type { Epoch, Job, JobEvent } from "../src/net/jobs.js";
import {
  applyEvent,
  currentStep,
  fractionTrained,
  type JobProgress,
  kNoProgress,
  secondsLeft,
} from "../src/shared/job/job_progress.js";
import {
  accuracySentence,
  curveCaveat,
  lossSentence,
  rateSentence,
  valLossSentence,
} from "../src/views/train/curve_text.js";
import { evaluationNotes, planLead, resultText, resumeText, secondsTaken } from "../src/views/train/job_text.js";
import { isInvalid, kDefaults, refusedOption, toOptions } from "../src/views/train/options.js";

const after = (...events: JobEvent[]): JobProgress => events.reduce(applyEvent, kNoProgress);
const epoch = (n: number, rest: Partial<Epoch> = {}): JobEvent => ({
  event: "epoch",
  epoch: n,
  train_loss: 1 / n,
  ...rest,
});

test("a repeated epoch replaces itself and those after it", () => {
  const losses = (...events: JobEvent[]) => after(...events).epochs.map((known) => [known.epoch, known.train_loss]);
  assert.deepEqual(losses(epoch(1), epoch(2), epoch(2, { train_loss: 9 })), [
    [1, 1],
    [2, 9],
  ]);
  assert.deepEqual(losses(epoch(1), epoch(2), epoch(1, { train_loss: 9 })), [[1, 9]]);
});

test("a resumed job continues after its last checkpoint", () => {
  const running: JobEvent = { event: "state", state: "running" };
  const killed: JobEvent = { event: "state", state: "interrupted" };
  const saved: JobEvent = { event: "checkpoint" };
  const seen = (...events: JobEvent[]) => {
    const progress = after(running, ...events);
    return [progress.epochs.map((known) => known.epoch), progress.savedEpoch, progress.repeated];
  };
  assert.deepEqual(seen(epoch(1), epoch(2), killed), [[1, 2], undefined, false]);
  assert.deepEqual(seen(epoch(1), epoch(2), killed, running), [[], undefined, true]);
  assert.deepEqual(seen(epoch(1), saved, epoch(2), killed, running), [[1], 1, true]);
  assert.deepEqual(seen(epoch(1), saved, killed, running, epoch(2)), [[1, 2], 1, false]);
  assert.deepEqual(seen(saved, killed), [[], 0, false]);
  assert.match(resumeText(undefined), /starts from the beginning/);
  assert.match(resumeText(0), /within epoch 1/);
  assert.match(resumeText(7), /after epoch 7/);
});

test("the step of a job follows from its phase or its epochs", () => {
  assert.equal(currentStep(kNoProgress), "features");
  assert.equal(currentStep(after({ event: "progress", phase: "training the head" })), "train");
  assert.equal(currentStep(after({ event: "progress", phase: "training" }, epoch(1))), "train");
  assert.equal(currentStep(after({ event: "progress", phase: "fine-tuning" })), "train");
  assert.equal(currentStep(after(epoch(3))), "train");
  assert.equal(currentStep(after(epoch(3), { event: "progress", phase: "judging" })), "evaluate");
  assert.equal(currentStep(after({ event: "progress", phase: "describing the new model" })), "finish");
  assert.equal(currentStep(after({ event: "progress", phase: "of a later version" })), "features");
});

test("the progress counts steps if they are known and complete epochs otherwise", () => {
  assert.equal(fractionTrained(kNoProgress), undefined);
  assert.equal(fractionTrained(after({ event: "start", epochs: 4 })), undefined);
  assert.equal(fractionTrained(after({ event: "start", epochs: 4 }, epoch(1))), 0.25);
  assert.equal(fractionTrained(after({ event: "progress", step: 30, steps: 120, epochs: 4 })), 0.25);
});

test("points within epochs are placed on the axis and repeated ones replace them", () => {
  const point = (step: number): JobEvent => ({
    event: "progress",
    step,
    steps: 100,
    epochs: 10,
    loss: step,
    accuracy: 0.5,
  });
  assert.deepEqual(
    after(point(5), point(25)).points.map(({ at }) => at),
    [0.5, 2.5],
  );
  assert.deepEqual(
    after(point(5), point(25), point(10)).points.map(({ at }) => at),
    [0.5, 1],
  );
  let many = kNoProgress;
  for (let step = 0; step < 5_000; ++step)
    many = applyEvent(many, { event: "progress", step, steps: 5_000, epochs: 10, loss: 1, accuracy: 1 });
  assert.ok(many.points.length <= 2_001, `${many.points.length} points`);
  assert.ok(Math.abs((many.points.at(-1)?.at ?? 0) - 9.998) < 1e-9, "the latest is kept");
});

test("typed values become options and empty ones are automatic", () => {
  assert.deepEqual(toOptions(kDefaults, false), {});
  const numbers = { ...kDefaults.numbers, epochs: " 3 ", lr: "0,02", seed: "7", replay: "x" };
  assert.deepEqual(toOptions({ ...kDefaults, fineTune: true }, false), { fine_tune: true });
  assert.deepEqual(toOptions({ ...kDefaults, mode: "full", promote: "never", freeze: "no", numbers }, false), {
    mode: "full",
    promote: "never",
    freeze_statistics: "no",
    epochs: 3,
    lr: 0.02,
    seed: 7,
  });
  assert.deepEqual(
    toOptions({ ...kDefaults, freeze: "no", numbers }, true),
    { epochs: 3, seed: 7 },
    "the last layer has no learning rate",
  );
  assert.deepEqual(
    [isInvalid(""), isInvalid("1e-3"), isInvalid("0,1"), isInvalid("many")],
    [false, false, false, true],
  );
});

test("a plan is summarised in a sentence", () => {
  assert.match(
    planLead({ new_images: 0, new_classes: [] }),
    /only images that the active model was already trained on/,
  );
  assert.equal(planLead({ new_images: 1, new_classes: [] }), "The retraining would use 1 new image.");
  assert.match(planLead({ new_images: 1200, new_classes: ["one"] }), /use 1,200 new images with 1 new class: one\./);
  assert.match(planLead({ new_images: 5, new_classes: ["one", "two"] }), /with 2 new classes: one and two\./);
});

test("an estimated time is rounded", () => {
  assert.deepEqual([0.2, 7.4, 23, 61, 200, 3_700].map(roughTime), [
    "1 s",
    "7 s",
    "25 s",
    "1 min",
    "3 min 30 s",
    "1 h 2 min",
  ]);
});

const curve = (...vals: number[]): Epoch[] =>
  vals.map((val_loss, i) => ({
    epoch: i + 1,
    train_loss: 1 - i / 10,
    val_loss,
    train_accuracy: 0.9,
    val_accuracy: 0.8,
    lr: 0.1 / (i + 1),
  }));

test("the sentence of the validation loss reports overfitting and says that it is not the training loss", () => {
  assert.equal(lossSentence([]), "No epoch is complete yet.");
  assert.equal(lossSentence(curve(0.5)), "After the first epoch, the training loss is 1.00.");
  assert.equal(lossSentence(curve(0.5, 0.4, 0.5)), "Over 3 epochs, the training loss went from 1.00 to 0.80.");
  assert.equal(valLossSentence([]), "No epoch is complete yet.");
  assert.match(valLossSentence(curve(0.5)), /^The validation loss is 0\.50, the lowest so far\. It cannot be compared/);
  assert.match(
    valLossSentence(curve(0.5, 0.4, 0.5)),
    /lowest \(0\.40\) after epoch 2; 1 epoch later it is 0\.50, a sign of overfitting\./,
  );
  assert.match(valLossSentence(curve(0.5, 0.4, 0.401)), /is 0\.40, about as low as after epoch 2/);
});

test("a gap between training and validation accuracy is reported for full training only", () => {
  assert.match(accuracySentence(curve(0.5), "full"), /90\.0 %.* 80\.0 %\. It is 10\.0 points lower/);
  assert.doesNotMatch(accuracySentence(curve(0.5), "frozen"), /points lower/);
  assert.equal(
    accuracySentence([{ epoch: 1, train_accuracy: 1 }], "full"),
    "After the first epoch, the training accuracy is 100.0 %.",
  );
});

test("few epochs have a caveat", () => {
  assert.equal(curveCaveat([]), undefined);
  assert.match(curveCaveat(curve(1)) ?? "", /One epoch/);
  assert.equal(curveCaveat(curve(1, 1, 1)), undefined);
});

test("the learning rate sentence describes the actual course", () => {
  const rates = (...lr: number[]) => rateSentence(lr.map((value, i) => ({ epoch: i + 1, lr: value })));
  assert.equal(rates(0.1), "It is 0.10.");
  assert.equal(rates(0.1, 0.05), "It started at 0.10 and is now 0.050: large steps first, then smaller ones.");
  assert.equal(rates(0.02, 0.06, 0.1), "It started at 0.020 and has risen to 0.10.");
  assert.equal(rates(0.02, 0.1, 0.1), "It started at 0.020 and has risen to 0.10.");
  assert.match(rates(0.02, 0.1, 0.05), /^It rose from 0\.020 to 0\.10 until epoch 2 and is now 0\.050\.$/);
  assert.equal(rates(0.1, 0.02, 0.05), "It started at 0.10 and is now 0.050.");
  assert.equal(rates(0.1, 0.1), "It is constant at 0.10.");
});

test("the notes of a plan name what cannot be evaluated", () => {
  const planned = (name: string, isNew: boolean, test: number) => ({
    name,
    new: isNew,
    train: 9,
    val: 1,
    test,
    old: 0,
  });
  assert.deepEqual(evaluationNotes({ images: [planned("a", true, 4), planned("b", false, 0)], old_images: 5 }), []);
  const notes = evaluationNotes({ images: [planned("a", true, 3), planned("b", true, 0)], old_images: 0 });
  assert.match(
    notes[0] ?? "",
    /^a and b have fewer than 4 test images, so their recall cannot be evaluated reliably\.$/,
  );
  assert.match(notes[1] ?? "", /^No old images/);
});

test("the result of a job is summarised", () => {
  const text = (kind: Job["kind"], result: Job["result"], reason?: string): string =>
    resultText({ kind, result, reason });
  assert.equal(text("retrain", null, "killed"), "killed");
  assert.equal(text("retrain", { version: 2, promoted: true }), "version 2, activated");
  const decided = (decision: string) =>
    text("retrain", { version: 3, promoted: false, verdict: { decision } as never });
  assert.deepEqual(
    [decided("promote"), decided("reject"), decided("cannot_judge")],
    ["version 3, passed, not activated", "version 3, failed the checks", "version 3, too few test images"],
  );
  assert.equal(text("import", { added: 1200, duplicates: 0 }), "1,200 images added, 0 duplicates");
  assert.equal(text("evaluate", { version: 1, evaluation: 4 }), "version 1 evaluated");
});

test("the duration of a job is known when it has ended", () => {
  const times = (started: string | null, ended: string | null) => secondsTaken({ started, ended } as Job);
  assert.equal(times("2026-01-01T00:00:00Z", "2026-01-01T00:00:12.5Z"), 12.5);
  assert.equal(times("2026-01-01T00:00:00Z", null), undefined);
});

test("the remaining time is the estimate of the job or of recent epochs", () => {
  let progress = applyEvent(kNoProgress, { event: "start", epochs: 10 });
  assert.equal(secondsLeft(progress), undefined, "no estimate yet");
  for (let epoch = 1; epoch <= 7; ++epoch)
    progress = applyEvent(progress, { event: "epoch", epoch, seconds: epoch === 1 ? 100 : 2 });
  assert.equal(secondsLeft(progress), 6, "only recent epochs count");
  assert.equal(secondsLeft(applyEvent(progress, { event: "progress", phase: "training", eta_seconds: 40 })), 40);
  for (let epoch = 8; epoch <= 10; ++epoch) progress = applyEvent(progress, { event: "epoch", epoch, seconds: 2 });
  assert.equal(secondsLeft(progress), undefined, "no epochs left");
});

test("an option that the server refuses is found in its message", () => {
  const refused = refusedOption('retrain: "epochs" cannot be 99999999: expected a whole number from 1 to 1000');
  assert.equal(refused?.name, "epochs");
  assert.equal(refused?.message("Epochs"), "Epochs cannot be 99999999: expected a whole number from 1 to 1000");
  assert.equal(refusedOption('"mode" cannot be "x": expected auto or full'), undefined);
  assert.equal(refusedOption("there are no new images"), undefined);
});
