import assert from "node:assert/strict";
import { test } from "node:test";
import { apiUrl } from "../src/net/api.js";
import { inProject } from "../src/net/paths.js";
import { onProjectChange, project, projectSignal, switchProject } from "../src/net/project.js";
import { isProjectName, nameFor } from "../src/net/projects.js";

test("paths of the API refer to the project", () => {
  assert.equal(inProject("api/v1/status", "default"), "api/v1/status");
  assert.equal(inProject("api/v1/status", "hands"), "api/v1/projects/hands/status");
  assert.equal(inProject("livez", "hands"), "livez");
  // What names its project, and the list of projects, remains the same.
  assert.equal(inProject("api/v1/projects", "hands"), "api/v1/projects");
  assert.equal(inProject("api/v1/projects/birds/jobs", "hands"), "api/v1/projects/birds/jobs");
  switchProject("hands");
  const url = apiUrl("/api/v1/dataset/images", { query: { label: "a b" } });
  assert.equal(url, "api/v1/projects/hands/dataset/images?label=a+b");
  switchProject("default");
  assert.equal(apiUrl("/api/v1/status"), "api/v1/status");
});

test("nothing of the earlier project remains after a switch", () => {
  const images = projectSignal<readonly string[]>([]);
  const seen: string[] = [];
  onProjectChange(() => seen.push(project.peek()));
  images.value = ["one"];
  switchProject("hands");
  assert.deepEqual(images.value, []);
  images.value = ["two"];
  switchProject("hands");
  assert.deepEqual(images.value, ["two"]);
  switchProject("default");
  assert.deepEqual(images.value, []);
  assert.deepEqual(seen, ["hands", "default"]);
});

test("a title becomes a valid and unused name", () => {
  assert.equal(nameFor("Hand signs!", []), "hand-signs");
  assert.equal(nameFor("Hand signs", ["hand-signs", "hand-signs-2"]), "hand-signs-3");
  assert.equal(nameFor("Default", []), "default-2");
  assert.equal(nameFor("Bl\u00e4tter & B\u00e4ume", []), "blatter-baume");
  assert.equal(nameFor("\u5206\u985e", []), "classifier");
  for (const title of ["a".repeat(300), "--x--", "_", "7", "\ud83d\ude00"])
    assert.ok(isProjectName(nameFor(title, [])), title);
  for (const name of ["", "-a", "A", "a_b", "a".repeat(65)]) assert.equal(isProjectName(name), false, name);
});
