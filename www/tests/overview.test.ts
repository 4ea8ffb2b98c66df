import assert from "node:assert/strict";
import { test } from "node:test";
import { share } from "../src/views/overview/job_now.js";
import { auditText } from "../src/shared/audit_line.js";
import { answersCaveat, answersSentence, bins, perMinute } from "../src/views/overview/story.js";

const point = (time: string, predictions: number, uncertain = 0) => ({ time, predictions, uncertain, mean_probability: 0.9, mean_ms: 1 });
const now = Date.parse("2026-01-31T12:00:30Z");

test("minutes in which nothing was answered are zeros, and what is older is left out", () => {
  const all = bins([point("2026-01-31T11:59:00Z", 3, 1), point("2026-01-31T12:00:00Z", 2), point("2026-01-31T10:00:00Z", 9)], "hour", now);
  assert.equal(all.length, 60);
  assert.deepEqual(all[59], { start: Date.parse("2026-01-31T12:00:00Z"), sure: 2, unsure: 0 });
  assert.deepEqual(all[58], { start: Date.parse("2026-01-31T11:59:00Z"), sure: 2, unsure: 1 });
  assert.equal(all.reduce((sum, { sure, unsure }) => sum + sure + unsure, 0), 5);
});

test("longer times have wider bars, and every answer is in one", () => {
  const points = [point("2026-01-31T11:59:00Z", 3), point("2026-01-31T11:31:00Z", 4), point("2026-01-30T13:00:00Z", 5)];
  const day = bins(points, "day", now);
  assert.equal(day.length, 48);
  assert.equal(day[46]?.sure, 7);
  assert.equal(day.reduce((sum, { sure }) => sum + sure, 0), 12);
  assert.equal(bins(points, "week", now).length, 56);
});

test("the last minute is this minute's answers and the share of the one before that still counts", () => {
  const points = [point("2026-01-31T11:59:00Z", 10), point("2026-01-31T12:00:00Z", 4)];
  assert.equal(perMinute(points, now), 4 + 10 * 0.5);
  assert.equal(perMinute([], now), 0);
});

test("the sentence counts, names the busiest time and the share of unsure answers", () => {
  const all = bins([point("2026-01-31T11:50:00Z", 30, 3), point("2026-01-31T11:40:00Z", 10)], "hour", now);
  assert.match(answersSentence(all, "hour"), /^In the last hour 40 images were answered, most \(30\) around \d\d:50\. 7\.5 % of the answers were unsure\.$/);
  assert.equal(answersCaveat(all), undefined);
  assert.match(answersSentence(bins([point("2026-01-31T11:50:00Z", 1)], "hour", now), "hour"), /1 image was answered/);
  assert.equal(answersSentence(bins([], "day", now), "day"), "No image was answered in the last 24 hours.");
});

test("few answers carry a caveat, none do not", () => {
  assert.match(answersCaveat(bins([point("2026-01-31T11:50:00Z", 29)], "hour", now)) ?? "", /29 answers are few/);
  assert.equal(answersCaveat(bins([], "hour", now)), undefined);
});

const entry = (action: string, subject: string, detail: Record<string, unknown> = {}, actor = "admin") => ({ id: 1, time: "", actor, action, subject, detail });

test("the audit log reads as sentences, also what it does not know", () => {
  assert.deepEqual(auditText(entry("activate", "version 2", { reason: "better" })), {
    what: "Version 2 went into service",
    who: "by an administrator",
    why: "better",
  });
  assert.equal(auditText(entry("label prediction", "prediction 7", { label: "cat" }, "job 3")).why, "as cat");
  assert.equal(auditText(entry("label prediction", "prediction 7", {}, "job 3")).who, "by job 3");
  assert.equal(auditText(entry("turn over", "a leaf")).what, "a leaf: turn over");
});

test("a job's share counts epochs that are over and the steps of this one", () => {
  assert.equal(share({}), undefined);
  assert.equal(share({ epoch: 1, epochs: 4 }), 0);
  assert.equal(share({ epoch: 2, epochs: 4, step: 5, steps: 10 }), 0.375);
  assert.equal(share({ epoch: 4, epochs: 4, step: 10, steps: 10 }), 1);
});
