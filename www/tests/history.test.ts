import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parseHash } from "../src/app/router.js";
import { type Filters, fromLocal, isAny, isNarrowed, kNone, readFilters, statisticsPath, toLocal, toQuery, writeFilters } from "../src/views/history/filters.js";
import { countFresh } from "../src/views/history/fresh.js";
import { words } from "../src/views/history/strings.js";

const now = Date.parse("2026-01-31T12:00:00Z");
const query = (filters: Partial<Filters>) => Object.fromEntries(toQuery({ ...kNone, ...filters }, now));

test("filters survive the way through an address, whatever was typed", () => {
  const filters: Filters = {
    search: "50% & more/ü",
    label: "hot dog",
    version: "3",
    sure: "unsure",
    labelled: "no",
    period: "range",
    from: "2026-01-30T00:00:00Z",
    to: "2026-01-31T00:00:00Z",
    least: "12.5",
    most: "99",
  };
  assert.deepEqual(readFilters(parseHash(href("history", [7], writeFilters(filters))).query), filters);
  assert.equal(href("history", [], writeFilters(kNone)), "#/history");
  assert.ok(isAny(kNone) && !isAny(filters));
});

test("an address with words nobody knows is one without them", () => {
  assert.deepEqual(readFilters(new URLSearchParams("sure=perhaps&labelled=1&period=3")), kNone);
});

test("the server is asked in its own words", () => {
  assert.deepEqual(query({}), {});
  assert.deepEqual(query({ sure: "sure", labelled: "yes", search: "cat" }), { uncertain: "false", labelled: "true", search: "cat" });
  assert.deepEqual(query({ period: "24" }), { from: "2026-01-30T12:00:00.000Z" });
  assert.deepEqual(query({ period: "range", from: "2026-01-30T00:00:00Z" }), { from: "2026-01-30T00:00:00Z" });
  assert.deepEqual(query({ from: "2026-01-30T00:00:00Z" }), {}, "a range that is not chosen does not count");
});

test("percent become probabilities exactly, and nonsense reaches the server, which names it", () => {
  assert.deepEqual(query({ least: "7", most: "87,5" }), { min_probability: "0.07", max_probability: "0.875" });
  assert.deepEqual(query({ least: "29" }), { min_probability: "0.29" });
  assert.deepEqual(query({ least: "much" }), { min_probability: "much" });
});

test("statistics are asked for the times that the server counts", () => {
  assert.equal(statisticsPath(kNone), "api/v1/statistics");
  assert.equal(statisticsPath({ ...kNone, period: "168" }), "api/v1/statistics?hours=168");
  assert.equal(statisticsPath({ ...kNone, period: "range" }), undefined);
  assert.ok(!isNarrowed({ ...kNone, period: "24" }) && isNarrowed({ ...kNone, label: "cat" }));
});

test("a local time becomes UTC and comes back the same", () => {
  const local = "2026-01-31T09:30";
  assert.equal(toLocal(fromLocal(local)), local);
  assert.match(fromLocal(local), /^2026-01-3[01]T\d\d:\d\d:00Z$/);
  assert.equal(fromLocal(""), "");
  assert.equal(toLocal("garbage"), "");
});

test("new answers are those above the newest of the list, and many are 'more than'", () => {
  const rows = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => ({ id: to - i }));
  assert.deepEqual(countFresh(rows(1, 12), 10), { count: 2, more: false });
  assert.deepEqual(countFresh([], 10), { count: 0, more: false });
  assert.deepEqual(countFresh(rows(1, 51), 0), { count: 50, more: true });
  assert.equal(words.list.fresh(1, false), "1 new answer");
  assert.equal(words.list.fresh(50, true), "More than 50 new answers");
});

test("the list says whether it is all, the newest or from before", () => {
  assert.deepEqual([words.list.title(1, false, false), words.list.title(50, true, false), words.list.title(50, true, true)], ["1 answer", "The newest 50 answers", "50 answers from before"]);
});
