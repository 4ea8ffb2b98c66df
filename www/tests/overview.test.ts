import assert from "node:assert/strict";
import { test } from "node:test";
import { fractionDone } from "../src/app/running_job.js";
import { auditText } from "../src/shared/audit_line.js";
import { caveat, perMinute, sentence, toBins } from "../src/views/overview/predictions_over_time.js";

const point = (time: string, predictions: number, uncertain = 0) => ({
  time,
  predictions,
  uncertain,
  mean_probability: 0.9,
  mean_ms: 1,
});
const now = Date.parse("2026-01-31T12:00:30Z");

test("minutes without predictions are zeros and older ones are left out", () => {
  const all = toBins(
    [point("2026-01-31T11:59:00Z", 3, 1), point("2026-01-31T12:00:00Z", 2), point("2026-01-31T10:00:00Z", 9)],
    "hour",
    now,
  );
  assert.equal(all.length, 60);
  assert.deepEqual(all[59], { start: Date.parse("2026-01-31T12:00:00Z"), certain: 2, uncertain: 0 });
  assert.deepEqual(all[58], { start: Date.parse("2026-01-31T11:59:00Z"), certain: 2, uncertain: 1 });
  assert.equal(
    all.reduce((sum, { certain, uncertain }) => sum + certain + uncertain, 0),
    5,
  );
});

test("longer spans have wider bins that contain all predictions", () => {
  const points = [point("2026-01-31T11:59:00Z", 3), point("2026-01-31T11:31:00Z", 4), point("2026-01-30T13:00:00Z", 5)];
  const day = toBins(points, "day", now);
  assert.equal(day.length, 48);
  assert.equal(day[46]?.certain, 7);
  assert.equal(
    day.reduce((sum, { certain }) => sum + certain, 0),
    12,
  );
  assert.equal(toBins(points, "week", now).length, 56);
});

test("the rate counts the current minute and a part of the previous one", () => {
  const points = [point("2026-01-31T11:59:00Z", 10), point("2026-01-31T12:00:00Z", 4)];
  assert.equal(perMinute(points, now), 4 + 10 * 0.5);
  assert.equal(perMinute([], now), 0);
});

test("the sentence has the count and the busiest time and the fraction of uncertain predictions", () => {
  const all = toBins([point("2026-01-31T11:50:00Z", 30, 3), point("2026-01-31T11:40:00Z", 10)], "hour", now);
  assert.match(
    sentence(all, "hour"),
    /^40 images were classified in the last hour, most \(30\) around \d\d:50\. 7\.5 % .* were uncertain\.$/,
  );
  assert.equal(caveat(all), undefined);
  assert.match(sentence(toBins([point("2026-01-31T11:50:00Z", 1)], "hour", now), "hour"), /1 image was classified/);
  assert.equal(sentence(toBins([], "day", now), "day"), "No images were classified in the last 24 hours.");
});

test("few predictions have a caveat and none have not", () => {
  assert.match(caveat(toBins([point("2026-01-31T11:50:00Z", 29)], "hour", now)) ?? "", /only 29 predictions/);
  assert.equal(caveat(toBins([], "hour", now)), undefined);
});

const entry = (action: string, subject: string, detail: Record<string, unknown> = {}, actor = "admin") => ({
  id: 1,
  time: "",
  actor,
  action,
  subject,
  detail,
});

test("audit entries become sentences even if their action is unknown", () => {
  assert.deepEqual(auditText(entry("activate", "version 2", { reason: "better" })), {
    what: "Version 2 was activated",
    who: "by an administrator",
    why: "better",
  });
  assert.equal(auditText(entry("label prediction", "prediction 7", { label: "cat" }, "job 3")).why, "as cat");
  assert.equal(auditText(entry("label prediction", "prediction 7", {}, "job 3")).who, "by job 3");
  assert.equal(auditText(entry("turn over", "a leaf")).what, "a leaf: turn over");
});

test("the progress of a job counts complete epochs and steps of the current one", () => {
  assert.equal(fractionDone({}), undefined);
  assert.equal(fractionDone({ epoch: 1, epochs: 4 }), 0);
  assert.equal(fractionDone({ epoch: 2, epochs: 4, step: 5, steps: 10 }), 0.375);
  assert.equal(fractionDone({ epoch: 4, epochs: 4, step: 10, steps: 10 }), 1);
});
