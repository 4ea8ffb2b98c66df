import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addAnywhere,
  addImages,
  classes,
  clearImages,
  duplicates,
  imageCount,
  isClassName,
  isUnsaved,
  removeClass,
  removeImage,
  renameClass,
  revision,
  savedRevision,
} from "../src/views/make/local/images.js";
import { projectFile } from "../src/views/make/local/project_file.js";

const file = (name: string, type = "image/png", bytes = "x") => new File([bytes], name, { type, lastModified: 1 });
const found = (path: string, type?: string, bytes?: string) => ({
  file: file(path.split("/").at(-1) ?? "", type, bytes),
  path,
});
const names = () => classes.peek().map(({ name, images }) => `${name}: ${images.length}`);

test("each folder becomes a class, and the unnamed classes disappear", () => {
  clearImages();
  assert.deepEqual(names(), ["Class 1: 0", "Class 2: 0"]);
  addAnywhere([
    found("set/cat/1.png"),
    found("set/cat/2.png"),
    found("set/dog/1.png"),
    found("set/dog/notes.txt", "text/plain"),
  ]);
  assert.deepEqual(names(), ["cat: 2", "dog: 1"]);
  addAnywhere([found("set/cat/2.png"), found("set/cat/3.png")]);
  assert.deepEqual(names(), ["cat: 3", "dog: 1"], "a file is not added twice");
  assert.equal(imageCount.value, 4);
});

test("images without a folder go to the class that was used last", () => {
  clearImages();
  addAnywhere([found("1.png")]);
  assert.deepEqual(names(), ["Class 1: 0", "Class 2: 0"]);
  addImages("Class 2", [found("1.png")]);
  addAnywhere([found("2.png")]);
  assert.deepEqual(names(), ["Class 1: 0", "Class 2: 2"]);
});

test("a change makes the images unsaved until they are saved", () => {
  clearImages();
  assert.equal(isUnsaved.value, false);
  addImages("Class 1", [found("1.png"), found("2.png")]);
  assert.equal(isUnsaved.value, true);
  savedRevision.value = revision.value;
  assert.equal(isUnsaved.value, false);
  renameClass("Class 1", "cat");
  assert.equal(isUnsaved.value, true);
  savedRevision.value = revision.value;
  const [image] = classes.peek()[0]?.images ?? [];
  assert.ok(image);
  removeImage("cat", image);
  assert.equal(isUnsaved.value, true);
  removeClass("cat");
  assert.deepEqual(names(), ["Class 2: 0", "Class 1: 0"]);
  assert.equal(isUnsaved.value, false, "there is nothing to save");
});

test("names that an export cannot use as a folder are rejected", () => {
  for (const name of ["a/b", "a\\b", ".hidden", "a\nb"]) assert.equal(isClassName(name), false, name);
  for (const name of ["cat", "Füße", "a.b", "人"]) assert.equal(isClassName(name), true, name);
});

const features = (sha256: string) => ({ features: new Float32Array(2), sha256 });

test("of images with the same content the first is kept", () => {
  const [a, b, c] = [file("a"), file("b"), file("c")].map((each) => ({ file: each }));
  assert.ok(a && b && c);
  const all = [
    { name: "cat", images: [{ ...a, features: features("1") }], rejected: [] },
    { name: "dog", images: [b, c], rejected: [] },
  ];
  const computed = new Map([
    [b, features("2")],
    [c, features("1")],
  ]);
  assert.deepEqual([...duplicates(all, computed)], [[c, "the same image is already in cat"]]);
});

test("the project file has what a server reads", async () => {
  const parts = {
    title: "Pets",
    backbone: "efficientnet-lite0",
    classes: [
      { name: "cat", images: [{ file: file("my cat.JPG"), features: features("a".repeat(64)) }], rejected: [] },
      { name: "dog", images: [{ file: file("dog.png") }], rejected: [] },
    ],
    model: undefined,
  };
  const text = new TextDecoder("latin1").decode(await (await projectFile(parts)).arrayBuffer());
  assert.ok(text.includes('{"title":"Pets","backbone":"efficientnet-lite0","versions":[]}'));
  assert.ok(text.includes("train/cat/my_cat-aaaaaaaaaaaa.jpg"));
  // SHA-256 of "x"
  assert.ok(
    text.includes('{"sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","label":"dog"'),
  );
  const without = await (await projectFile(parts, false)).text();
  assert.ok(!without.includes("manifest.jsonl"));
});
