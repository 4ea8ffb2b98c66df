import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, difference, duration, inLocalTime, milliseconds, percent, rate } from "../src/base/format.js";
import { agoPeriod } from "../src/components/time.js";

test("a percentage is never rounded to 0 or 100", () => {
  assert.equal(percent(0.97312), "97.3 %");
  assert.equal(percent(0.99996), "> 99.9 %");
  assert.equal(percent(1), "100.0 %");
  assert.equal(percent(0.0002), "< 0.1 %");
  assert.equal(percent(0), "0.0 %");
  assert.deepEqual(
    [0, 0.0001, 0.5, 0.9731, 0.9999, 1].map((p) => percent(p, true)),
    ["0 %", "< 0.1 %", "50 %", "97.3 %", "> 99.9 %", "100 %"],
  );
});

test("times have about three significant digits", () => {
  assert.equal(milliseconds(0.3456), "0.35 ms");
  assert.equal(milliseconds(12.34), "12.3 ms");
  assert.equal(milliseconds(345.6), "346 ms");
  assert.equal(milliseconds(1234), "1.23 s");
});

test("sizes use decimal units", () => {
  assert.equal(bytes(912), "912 B");
  assert.equal(bytes(1234), "1.2 kB");
  assert.equal(bytes(3_400_000), "3.4 MB");
  assert.equal(bytes(25_600_000_000), "25.60 GB");
});

test("a small difference is written without an exponent", () => {
  assert.equal(difference(0), "0");
  assert.equal(difference(1.19e-7), "0.00000012");
  assert.equal(difference(0.00341), "0.0034");
  assert.equal(difference(0.25), "0.25");
});

test("a duration has at most two units", () => {
  assert.equal(duration(0.4), "0 s");
  assert.equal(duration(59), "59 s");
  assert.equal(duration(125), "2 min 5 s");
  assert.equal(duration(7_200), "2 h");
  assert.equal(duration(90_061), "1 d 1 h");
});

test("a past time is given in the largest unit that fits", () => {
  const now = Date.parse("2026-01-31T12:00:00Z");
  assert.equal(ago("2026-01-31T11:59:58Z", now), "just now");
  assert.equal(ago("2026-01-31T11:57:01Z", now), "2 minutes ago");
  assert.equal(ago("2026-01-30T12:00:00Z", now), "yesterday");
  assert.equal(ago("2026-01-31T12:00:09Z", now), "just now", "a clock that is ahead");
  assert.equal(ago("never", now), "never");
});

test("a rate below ten has one decimal", () => {
  assert.equal(rate(0), "0");
  assert.equal(rate(0.42), "0.4");
  assert.equal(rate(9.96), "10");
  assert.equal(rate(1234.5), "1,235");
});

test("times of the server are shown in the time zone of the viewer", () => {
  const before = process.env.TZ;
  process.env.TZ = "America/New_York";
  assert.equal(
    inLocalTime("The most, 7, were in the hour from 2026-01-31 03:00 UTC."),
    `The most, 7, were in the hour from ${new Date("2026-01-31T03:00Z").toLocaleString("en", {
      dateStyle: "medium",
      timeStyle: "short",
    })}.`,
  );
  assert.match(inLocalTime("2026-01-31 03:00 UTC"), /Jan 30, 2026/);
  assert.equal(inLocalTime("on 2026-01-31, of 12:30"), "on 2026-01-31, of 12:30", "not a time in UTC");
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

test("a time is updated as often as its text changes", () => {
  assert.equal(agoPeriod(3), 1_000);
  assert.equal(agoPeriod(59), 1_000);
  assert.equal(agoPeriod(61), 15_000);
});
