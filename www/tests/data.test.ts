import assert from "node:assert/strict";
import { test } from "node:test";
import { listed } from "../src/base/plural.js";
import type { FoundFile } from "../src/components/dropped_files.js";
import type { ClassCount, ImagePage, Split, TrainingImage } from "../src/net/dataset.js";
import { isTooLong } from "../src/net/dataset.js";
import { bySize } from "../src/shared/upload/size_limit.js";
import { stage, suggest, toChunks, toForm } from "../src/shared/upload/staging.js";
import { balanceSentence, lookAlikes, readNewName, reasonText, warningsOf } from "../src/views/data/dataset_summary.js";
import { ImageStore } from "../src/views/data/image_store.js";
import { countVerdicts } from "../src/views/data/upload_session.js";
import { defined } from "./defined.js";

const found = (path: string, size = 10) => ({
  file: new File([new Uint8Array(size)], path.split("/").at(-1) ?? ""),
  path,
});

// The labels, or problems in brackets, that the server might return for the files that are not archives.
const placed = (files: FoundFile[], labels: string[], splits: (Split | undefined)[] = []) =>
  stage(files, {
    files: labels.map((label, i) => {
      if (label === "ignored") return { ignored: true };
      if (label.startsWith("[")) return { problem: label };
      return splits[i] === undefined ? { label } : { label, split: splits[i] };
    }),
    val_fraction: 0.1,
  });

test("dropped files suggest a labelling", () => {
  const one = placed([found("three/a.jpg"), found("three/b.jpg")], ["three", "three"]);
  assert.deepEqual(suggest(one), { labelling: "one", label: "three" });
  const several = placed([found("s/one/a.jpg"), found("s/two/b.jpg")], ["one", "two"]);
  assert.deepEqual(suggest(several), { labelling: "folders", label: "" });
  assert.deepEqual(
    [...several.folders],
    [
      ["one", 1],
      ["two", 1],
    ],
  );
  assert.deepEqual(
    suggest(placed([found("a.jpg")], ["[no class]"])),
    { labelling: "one", label: "" },
    "a single file suggests no class",
  );
  assert.deepEqual(
    suggest(placed([found("a.jpg"), found("x/b.jpg")], ["[no class]", "x"])),
    { labelling: "one", label: "" },
    "one of them is outside of folders",
  );
  assert.deepEqual(
    suggest(placed([found("signs.tar.gz")], [])),
    { labelling: "folders", label: "" },
    "an archive contains folders",
  );
});

test("requests are sorted by class and limited in size", () => {
  const many = Array.from({ length: 900 }, (_, i) => found(`s/${i % 2 === 0 ? "even" : "odd"}/${i}.jpg`));
  const all = toChunks(
    placed(
      many,
      many.map((_, i) => (i % 2 === 0 ? "even" : "odd")),
    ),
    "folders",
    "",
  );
  assert.deepEqual(
    all.map(({ files }) => files.length),
    [400, 400, 100],
  );
  assert.equal(new Set(all[0]?.labels).size, 1, "the first chunk has a single class");
  const order = all.flatMap(({ labels }) => labels);
  assert.deepEqual(order, [...order].sort(), "sorted by class");
  const large = toChunks(
    placed([found("c/a.bmp", 10 << 20), found("c/b.bmp", 10 << 20), found("c/c.bmp", 1)], ["c", "c", "c"]),
    "one",
    "c",
  );
  assert.deepEqual(
    large.map(({ files }) => files.length),
    [1, 2],
  );
});

test("images are sent with their splits and test images of a class first", () => {
  const files = [found("train/a/1.jpg"), found("test/b/2.jpg"), found("test/a/3.jpg"), found("val/a/4.jpg")];
  const staged = placed(files, ["a", "b", "a", "a"], ["train", "test", "test", "val"]);
  const [chunk] = toChunks(staged, "folders", "");
  const form = toForm(defined(chunk));
  assert.deepEqual(form.getAll("label"), ["a", "a", "a", "b"]);
  assert.deepEqual(form.getAll("split"), ["test", "val", "train", "test"]);
  const [one] = toChunks(staged, "one", "c");
  assert.deepEqual(toForm(defined(one)).getAll("split"), [], "a single label has no splits");
});

test("images without a class are skipped if folders are the classes", () => {
  const staged = placed([found("a.jpg"), found("x/b.jpg"), found("x/Thumbs.db")], ["[no class]", "x", "ignored"]);
  assert.deepEqual([...staged.problems], [["[no class]", 1]]);
  assert.equal(staged.loose, 1);
  const paths = (labelling: "one" | "folders", label: string) =>
    toChunks(staged, labelling, label).flatMap(({ files }) => files.map(({ path }) => path));
  assert.deepEqual(paths("folders", ""), ["x/b.jpg"]);
  assert.deepEqual(paths("one", "y"), ["a.jpg", "x/b.jpg"]);
  assert.deepEqual(paths("one", ""), [], "no label, no chunk");
});

test("an archive is a separate request with a label only if all images have one", () => {
  const staged = placed([found("signs.zip"), found("x/b.jpg")], ["x"]);
  assert.deepEqual(
    toChunks(staged, "folders", "").map(({ labels }) => labels),
    [["x"], []],
  );
  const [, archive] = toChunks(staged, "one", "cat");
  assert.deepEqual(archive?.labels, ["cat"]);
  assert.deepEqual(toForm(defined(archive)).getAll("label"), ["cat"]);
});

const counts = (name: string, train: number, test = 5, val = 5): ClassCount => ({
  name,
  train,
  val,
  test,
  total: train + val + test,
});

test("the balance sentence names the largest and the smallest class", () => {
  assert.equal(balanceSentence([]), "There are no classes yet.");
  assert.equal(balanceSentence([counts("cat", 1, 0, 0)]), "There is one class, “cat”, with 1 image.");
  assert.equal(balanceSentence([counts("cat", 40), counts("dog", 40)]), "There are 2 classes with 50 images each.");
  assert.equal(
    balanceSentence([counts("cat", 1990), counts("dog", 40), counts("cow", 60)]),
    "There are 3 classes. The largest is “cat” (2,000 images), the smallest “dog” (50).",
  );
});

test("lists of names are readable and limited", () => {
  assert.equal(listed([]), "");
  assert.equal(listed(["a", "b"]), "a and b");
  assert.equal(listed(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
});

const warningText = (classes: ClassCount[], duplicates = 0): string =>
  warningsOf({ classes }, duplicates)
    .map(({ text }) => text)
    .join("\n");

test("small and untested and uneven classes cause warnings", () => {
  assert.deepEqual(warningsOf({ classes: [counts("a", 20, 4), counts("b", 100)] }), [], "no warnings");
  assert.match(warningText([counts("a", 19, 4)]), /^“a” has fewer than 20 training images\. .* use 50 or more\.$/);
  assert.match(
    warningText([counts("a", 20, 0), counts("b", 20, 0)]),
    /^“a” and “b” have no test images, so their recall cannot be measured/,
  );
  assert.match(warningText([counts("a", 20, 3)]), /^“a” has fewer than 4 test images/);
  assert.match(
    warningText([counts("a", 20), counts("b", 4500)]),
    /^“b” has 225 times as many training images as “a”\./,
  );
  assert.equal(warningText([counts("a", 20), counts("b", 199)]), "");
  assert.match(warningText([counts("a", 20)], 1), /1 duplicate was skipped/);
  assert.equal(warningsOf({ classes: [counts("a", 1, 5)] })[0]?.addTo, "a");
});

test("a new class name may be empty or unchanged or taken", () => {
  const classes = [counts("cat", 20), counts("dog", 20)];
  assert.equal(readNewName("  ", "cat", classes).problem, "empty");
  assert.equal(readNewName(" cat ", "cat", classes).problem, "same");
  assert.deepEqual(readNewName(" kitty ", "cat", classes), { name: "kitty" });
  assert.equal(readNewName("dog", "cat", classes).mergesInto?.name, "dog");
  assert.equal(readNewName("Dog", "cat", classes).mergesInto, undefined, "names are case sensitive");
});

test("verdicts are counted and the labels of added images are collected", () => {
  const { added, duplicates, rejected, labels } = countVerdicts([
    { file: "a", verdict: "added", label: "cat" },
    { file: "b", verdict: "added", label: "cat" },
    { file: "c", verdict: "duplicate", label: "dog" },
    { file: "d", verdict: "rejected", reason: "no image" },
  ]);
  assert.deepEqual([added, duplicates, rejected, labels], [2, 1, 1, ["cat"]]);
});

// A list of 60,000 images that records the requested offsets.
class FakeSource {
  readonly requested: number[] = [];
  revision = "r1";
  broken = false;
  load = async (offset: number, limit: number): Promise<ImagePage> => {
    this.requested.push(offset);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.broken) throw new Error("the disk failed");
    const images = Array.from(
      { length: Math.max(0, Math.min(limit, 60_000 - offset)) },
      (_, i) => ({ sha256: `h${offset + i}` }) as TrainingImage,
    );
    return { revision: this.revision, total: 60_000, images };
  };
}
const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

test("only the visible part of a long list is loaded", async () => {
  const source = new FakeSource();
  const store = new ImageStore(
    source.load,
    () => {},
    () => {},
  );
  await wait();
  assert.equal(store.total, 60_000);
  assert.deepEqual(source.requested, [0]);
  store.setVisible(30_100, 30_250);
  await wait();
  assert.deepEqual(source.requested, [0, 30_000, 30_200]);
  assert.equal(store.at(30_249)?.sha256, "h30249");
  assert.equal(store.at(500), undefined);
  store.setVisible(30_100, 30_250);
  await wait();
  assert.equal(source.requested.length, 3, "loaded blocks are not requested again");
  store.setVisible(59_990, 61_000);
  await wait();
  assert.equal(source.requested.at(-1), 59_800);
  assert.equal(store.at(59_999)?.sha256, "h59999");
});

test("fast scrolling loads the last position and not each one", async () => {
  const source = new FakeSource();
  const store = new ImageStore(
    source.load,
    () => {},
    () => {},
  );
  await wait();
  for (let first = 0; first < 50_000; first += 1_000) store.setVisible(first, first + 100);
  await wait();
  assert.ok(source.requested.length < 8, `${source.requested.length} requests`);
  assert.ok(store.at(49_050), "the last position is loaded");
});

test("selected images that were never visible are loaded", async () => {
  const source = new FakeSource();
  const store = new ImageStore(
    source.load,
    () => {},
    () => {},
  );
  await wait();
  const all = await store.all([40_001, 3]);
  assert.deepEqual(
    all.map(({ sha256 }) => sha256),
    ["h3", "h40001"],
  );
  source.broken = true;
  await assert.rejects(store.all([20_000]), /disk failed/);
});

test("a changed revision is reported and blocks of two revisions are not mixed", async () => {
  const source = new FakeSource();
  let outdated = 0;
  const store = new ImageStore(
    source.load,
    () => {},
    () => ++outdated,
  );
  await wait();
  source.revision = "r2";
  store.setVisible(1_000, 1_100);
  await wait();
  assert.ok(outdated > 0);
  assert.equal(store.at(1_000), undefined);
});

test("after an error requests are repeated only by retry()", async () => {
  const source = new FakeSource();
  source.broken = true;
  const store = new ImageStore(
    source.load,
    () => {},
    () => {},
  );
  await wait();
  assert.match(String(store.error), /disk failed/);
  store.setVisible(0, 100);
  await wait();
  assert.equal(source.requested.length, 1);
  source.broken = false;
  store.retry();
  await wait();
  assert.equal(store.error, undefined);
  assert.ok(store.at(0));
});

test("names that are too long are detected", () => {
  const long = "x".repeat(65);
  assert.equal(isTooLong("🐟".repeat(64)), false, "code points are counted");
  assert.equal(isTooLong("e\u0301".repeat(64)), false, "in Unicode NFC");
  assert.equal(readNewName(long, "short", []).problem, "long");
  assert.equal(readNewName("cafe\u0301", "x", []).name, "caf\u00e9");
});

test("the reason omits the file name and explains the pixel limit", () => {
  assert.equal(reasonText("a.jpg", "a.jpg: not an image"), "not an image");
  assert.equal(reasonText("a.jpg"), "");
  assert.equal(
    reasonText("a.jpg", `the same as folder/${"x".repeat(60)}/image_0042.jpg`),
    "the same as folder/xxxxx…xxxxx/image_0042.jpg",
  );
  assert.match(
    reasonText("a.jpg", "the image is too large: 8000x6000 = 48000000 pixels, the limit is 25000000"),
    /8000 × 6000 pixels \(48\.0 million\); the limit is 25 million\. Reduce its size/,
  );
});

test("names that look alike are found and others are not", () => {
  assert.deepEqual(lookAlikes(["cat", "dog", "CAT", "hot dog", "hot-dog", "hotdogs"]), [
    ["cat", "CAT"],
    ["hot dog", "hot-dog"],
  ]);
  assert.deepEqual(lookAlikes(["caf\u00e9", "cafe\u0301", "cafe"]), [["caf\u00e9", "cafe\u0301"]], "forms of Unicode");
  assert.deepEqual(lookAlikes(["op", "\u043e\u0440"]), [["op", "\u043e\u0440"]], "Cyrillic letters");
  assert.deepEqual(lookAlikes(["one", "two", "three"]), []);
  const counts = (name: string) => ({ name, total: 100, train: 80, val: 10, test: 10 });
  assert.match(warningsOf({ classes: ["A", "a"].map(counts) })[0]?.text ?? "", /“A” and “a” look alike/);
});

test("a file that does not fit into a request is refused before it is sent", () => {
  const files = [found("small.zip", 1_000), found("large.zip", 2_000_000)];
  const { fitting, refused } = bySize(files, ({ file }) => file, 1_000_000);
  assert.deepEqual(fitting, files.slice(0, 1));
  assert.match(refused ?? "", /^“large\.zip” \(2\.0 MB\) is too large: this server accepts 984 kB at once\./);
  assert.deepEqual(
    bySize(files, ({ file }) => file, undefined),
    { fitting: files, refused: undefined },
  );
});
