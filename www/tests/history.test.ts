import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parseHash } from "../src/app/router.js";
import {
  countActive,
  type Filters,
  fromLocal,
  isNarrowed,
  kNoFilters,
  readFilters,
  statisticsHours,
  toLocal,
  toQuery,
  writeFilters,
} from "../src/views/history/filters.js";
import { countNew } from "../src/views/history/new_predictions.js";
import { words } from "../src/views/history/strings.js";

const now = Date.parse("2026-01-31T12:00:00Z");
const query = (filters: Partial<Filters>) => toQuery({ ...kNoFilters, ...filters }, now);

test("filters are restored from an address", () => {
  const filters: Filters = {
    search: "50% & more/ü",
    label: "hot dog",
    version: "3",
    certainty: "uncertain",
    labelled: "no",
    period: "range",
    from: "2026-01-30T00:00:00Z",
    to: "2026-01-31T00:00:00Z",
    least: "12.5",
    most: "99",
  };
  assert.deepEqual(readFilters(parseHash(href("history", [7], writeFilters(filters))).query), filters);
  assert.equal(href("history", [], writeFilters(kNoFilters)), "#/history");
  assert.deepEqual([countActive(kNoFilters), countActive(filters)], [0, 10]);
});

test("unknown values in an address are ignored", () => {
  assert.deepEqual(readFilters(new URLSearchParams("certainty=perhaps&labelled=1&period=3")), kNoFilters);
});

test("filters become query parameters of the API", () => {
  assert.deepEqual(query({}), {});
  assert.deepEqual(query({ certainty: "certain", labelled: "yes", search: "cat" }), {
    uncertain: false,
    labelled: true,
    search: "cat",
  });
  assert.deepEqual(query({ period: "24" }), { from: "2026-01-30T12:00:00.000Z" });
  assert.deepEqual(query({ period: "range", from: "2026-01-30T00:00:00Z" }), { from: "2026-01-30T00:00:00Z" });
  assert.deepEqual(query({ from: "2026-01-30T00:00:00Z" }), {}, "a range is ignored unless it is selected");
});

test("percent become exact fractions and invalid text is sent unchanged", () => {
  assert.deepEqual(query({ least: "7", most: "87,5" }), { min_probability: "0.07", max_probability: "0.875" });
  assert.deepEqual(query({ least: "29" }), { min_probability: "0.29" });
  assert.deepEqual(query({ least: "much" }), { min_probability: "much" });
});

test("statistics are requested for periods that end now", () => {
  assert.equal(statisticsHours(kNoFilters), "all");
  assert.equal(statisticsHours({ ...kNoFilters, period: "168" }), 168);
  assert.equal(statisticsHours({ ...kNoFilters, period: "range" }), undefined);
  assert.ok(!isNarrowed({ ...kNoFilters, period: "24" }) && isNarrowed({ ...kNoFilters, label: "cat" }));
});

test("a local time is converted to UTC and back", () => {
  const local = "2026-01-31T09:30";
  assert.equal(toLocal(fromLocal(local)), local);
  assert.match(fromLocal(local), /^2026-01-3[01]T\d\d:\d\d:00Z$/);
  assert.equal(fromLocal(""), "");
  assert.equal(toLocal("garbage"), "");
});

test("new predictions are counted up to a limit", () => {
  const rows = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => ({ id: to - i }));
  assert.deepEqual(countNew(rows(1, 12), 10), { count: 2, more: false });
  assert.deepEqual(countNew([], 10), { count: 0, more: false });
  assert.deepEqual(countNew(rows(1, 51), 0), { count: 50, more: true });
  assert.equal(words.list.added(1, false), "1 new prediction");
  assert.equal(words.list.added(50, true), "More than 50 new predictions");
});

test("the title of the list says whether it is complete or newest or older", () => {
  assert.deepEqual(
    [words.list.title(1, false, false), words.list.title(50, true, false), words.list.title(50, true, true)],
    ["1 prediction", "The newest 50 predictions", "50 predictions, older"],
  );
});
