import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClassCount, ImagePage, TrainingImage } from "../src/net/dataset.js";
import { isTooLong } from "../src/net/dataset.js";
import { chunks, folderOf, stage, suggest, toForm, tooLong } from "../src/views/data/staging.js";
import { ImageStore } from "../src/views/data/image_store.js";
import { balanceSentence, listed, readNewName, reasonOf, warnings } from "../src/views/data/story.js";
import { tally } from "../src/views/data/upload_session.js";

const found = (path: string, size = 10) => ({ file: new File([new Uint8Array(size)], path.split("/").at(-1) ?? ""), path });

test("the folder that a file is in names its class, whatever lies above", () => {
  assert.equal(folderOf("signs/three/a.jpg"), "three");
  assert.equal(folderOf("a.jpg"), "");
});

test("what is dropped suggests how it is meant", () => {
  const one = stage([found("three/a.jpg"), found("three/b.jpg")]);
  assert.deepEqual(suggest(one), { how: "one", label: "three" });
  const several = stage([found("s/one/a.jpg"), found("s/two/b.jpg")]);
  assert.deepEqual(suggest(several), { how: "folders", label: "" });
  assert.deepEqual([...several.folders], [["one", 1], ["two", 1]]);
  assert.deepEqual(suggest(stage([found("a.jpg")])), { how: "one", label: "" }, "a file alone says nothing");
  assert.deepEqual(suggest(stage([found("a.jpg"), found("x/b.jpg")])), { how: "one", label: "" }, "one of them is in no folder");
  assert.deepEqual(suggest(stage([found("signs.tar.gz")])), { how: "folders", label: "" }, "an archive has folders inside");
});

test("files of one class stay together in a request, and no request is too large", () => {
  const many = Array.from({ length: 900 }, (_, i) => found(`s/${i % 2 === 0 ? "even" : "odd"}/${i}.jpg`));
  const all = chunks(stage(many), "folders", "");
  assert.deepEqual(all.map(({ files }) => files.length), [400, 400, 100]);
  assert.equal(new Set(all[0]!.labels).size, 1, "the first holds one class alone");
  const order = all.flatMap(({ labels }) => labels);
  assert.deepEqual(order, [...order].sort(), "class after class");
  const large = chunks(stage([found("c/a.bmp", 10 << 20), found("c/b.bmp", 10 << 20), found("c/c.bmp", 1)]), "one", "c");
  assert.deepEqual(large.map(({ files }) => files.length), [1, 2]);
});

test("a file in no folder is left out where folders name the classes", () => {
  const all = chunks(stage([found("a.jpg"), found("x/b.jpg")]), "folders", "");
  assert.deepEqual(all.flatMap(({ files }) => files.map(({ path }) => path)), ["x/b.jpg"]);
  assert.deepEqual(chunks(stage([found("a.jpg")]), "one", ""), [], "and everything without a label");
});

test("an archive goes alone, with a label only when all of it has one", () => {
  const staged = stage([found("signs.zip"), found("x/b.jpg")]);
  assert.deepEqual(chunks(staged, "folders", "").map(({ labels }) => labels), [["x"], []]);
  const [, archive] = chunks(staged, "one", "cat");
  assert.deepEqual(archive?.labels, ["cat"]);
  assert.deepEqual(toForm(archive!).getAll("label"), ["cat"]);
});

const counts = (name: string, train: number, test = 5, val = 5): ClassCount => ({ name, train, val, test, total: train + val + test });

test("the sentence about balance names the ends", () => {
  assert.equal(balanceSentence([]), "There are no classes yet.");
  assert.equal(balanceSentence([counts("cat", 1, 0, 0)]), "There is one class, cat, with 1 image.");
  assert.equal(balanceSentence([counts("cat", 40), counts("dog", 40)]), "There are 2 classes with 50 images each.");
  assert.equal(
    balanceSentence([counts("cat", 1990), counts("dog", 40), counts("cow", 60)]),
    "There are 3 classes. Of cat there are the most images (2,000), of dog the fewest (50).",
  );
});

test("names are listed as people do, and not without end", () => {
  assert.equal(listed([]), "");
  assert.equal(listed(["a", "b"]), "a and b");
  assert.equal(listed(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
});

const said = (classes: ClassCount[], duplicates = 0): string => warnings({ classes }, duplicates).map(({ text }) => text).join("\n");

test("thin, untested and uneven classes are warned of, with what would help", () => {
  assert.deepEqual(warnings({ classes: [counts("a", 20, 4), counts("b", 100)] }), [], "nothing stands out");
  assert.match(said([counts("a", 19, 4)]), /^a has fewer than 20 images to learn from\. .* 50 or more are better\.$/);
  assert.match(said([counts("a", 20, 0), counts("b", 20, 0)]), /^a and b have no image for the test, .* they are recognised/);
  assert.match(said([counts("a", 20, 3)]), /^a has fewer than 4 images for the test/);
  assert.match(said([counts("a", 20), counts("b", 4500)]), /^Of b there are 225 times as many images to learn from as of a\./);
  assert.equal(said([counts("a", 20), counts("b", 199)]), "");
  assert.match(said([counts("a", 20)], 1), /1 image was there already and was not added again/);
  assert.equal(warnings({ classes: [counts("a", 1, 5)] })[0]?.add, "a");
});

test("a new name is told apart from the same, none, and another class's", () => {
  const classes = [counts("cat", 20), counts("dog", 20)];
  assert.equal(readNewName("  ", "cat", classes).problem, "empty");
  assert.equal(readNewName(" cat ", "cat", classes).problem, "same");
  assert.deepEqual(readNewName(" kitty ", "cat", classes), { name: "kitty" });
  assert.equal(readNewName("dog", "cat", classes).mergesInto?.name, "dog");
  assert.equal(readNewName("Dog", "cat", classes).mergesInto, undefined, "case makes another class");
});

test("verdicts are counted by kind, with the labels of what was added", () => {
  const { added, duplicates, rejected, labels } = tally([
    { file: "a", verdict: "added", label: "cat" },
    { file: "b", verdict: "added", label: "cat" },
    { file: "c", verdict: "duplicate", label: "dog" },
    { file: "d", verdict: "rejected", reason: "no image" },
  ]);
  assert.deepEqual([added, duplicates, rejected, labels], [2, 1, 1, ["cat"]]);
});

// A list of 60,000 as the server has it, which notes what it is asked for.
class Source {
  readonly asked: number[] = [];
  revision = "r1";
  broken = false;
  load = async (offset: number, limit: number): Promise<ImagePage> => {
    this.asked.push(offset);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.broken) throw new Error("the disk is on fire");
    const images = Array.from({ length: Math.max(0, Math.min(limit, 60_000 - offset)) }, (_, i) => ({ sha256: `h${offset + i}` }) as TrainingImage);
    return { revision: this.revision, total: 60_000, images };
  };
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

test("of a long list only what is looked at is fetched", async () => {
  const source = new Source();
  const store = new ImageStore(source.load, () => {}, () => {});
  await settle();
  assert.equal(store.total, 60_000);
  assert.deepEqual(source.asked, [0]);
  store.want(30_100, 30_250);
  await settle();
  assert.deepEqual(source.asked, [0, 30_000, 30_200]);
  assert.equal(store.at(30_249)?.sha256, "h30249");
  assert.equal(store.at(500), undefined);
  store.want(30_100, 30_250);
  await settle();
  assert.equal(source.asked.length, 3, "what is known is not asked again");
  store.want(59_990, 61_000);
  await settle();
  assert.equal(source.asked.at(-1), 59_800);
  assert.equal(store.at(59_999)?.sha256, "h59999");
});

test("scrolling past many places asks for the last of them, not for each", async () => {
  const source = new Source();
  const store = new ImageStore(source.load, () => {}, () => {});
  await settle();
  for (let first = 0; first < 50_000; first += 1_000) store.want(first, first + 100);
  await settle();
  assert.ok(source.asked.length < 8, `${source.asked.length} questions`);
  assert.ok(store.at(49_050), "the place where it came to rest");
});

test("chosen images that were never seen are looked up", async () => {
  const source = new Source();
  const store = new ImageStore(source.load, () => {}, () => {});
  await settle();
  const all = await store.all([40_001, 3]);
  assert.deepEqual(all.map(({ sha256 }) => sha256), ["h3", "h40001"]);
  source.broken = true;
  await assert.rejects(store.all([20_000]), /on fire/);
});

test("when the data changes under it, whoever shows it is told and nothing is mixed", async () => {
  const source = new Source();
  let changed = 0;
  const store = new ImageStore(source.load, () => {}, () => ++changed);
  await settle();
  source.revision = "r2";
  store.want(1_000, 1_100);
  await settle();
  assert.ok(changed > 0);
  assert.equal(store.at(1_000), undefined);
});

test("after an error it asks again only when it is told to", async () => {
  const source = new Source();
  source.broken = true;
  const store = new ImageStore(source.load, () => {}, () => {});
  await settle();
  assert.match(String(store.error), /on fire/);
  store.want(0, 100);
  await settle();
  assert.equal(source.asked.length, 1);
  source.broken = false;
  store.retry();
  await settle();
  assert.equal(store.error, undefined);
  assert.ok(store.at(0));
});

test("a folder whose name is too long for a class is told before, and nothing of it is sent", () => {
  const long = "x".repeat(65);
  const staged = stage([found(`${long}/a.jpg`), found(`${long}/b.jpg`), found("short/c.jpg")]);
  assert.deepEqual(tooLong(staged), { names: [long], images: 2 });
  assert.deepEqual(chunks(staged, "folders", "").map(({ labels }) => labels), [["short"]]);
  assert.deepEqual(chunks(staged, "one", long), []);
  assert.equal(isTooLong("🐟".repeat(64)), false, "characters are counted, not their halves");
  assert.equal(readNewName(long, "short", []).problem, "long");
});

test("the report tells why without the file's name, and what to do about an image that is too large", () => {
  assert.equal(reasonOf("a.jpg", "a.jpg: not an image"), "not an image");
  assert.equal(reasonOf("a.jpg"), "");
  assert.equal(reasonOf("a.jpg", `the same as folder/${"x".repeat(60)}/image_0042.jpg`), "the same as folder/xxxxx…xxxxx/image_0042.jpg");
  assert.match(reasonOf("a.jpg", "the image is too large: 8000x6000 = 48000000 pixels, the limit is 25000000"), /8000 × 6000 pixels are 48\.0 million, at most 25 million .* Make it smaller/);
});
