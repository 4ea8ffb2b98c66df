// The classifier as files, and its way to a server. A project file is what a server exports as project.zip
// (server/app/project_archive.h).
import { type ZipEntry, zip } from "../../../base/zip.js";
import type { ImageFeatures } from "../../../inference/page_trainer.js";
import { call, kUploadTimeout, readJson } from "../../../net/http.js";
import { inProject } from "../../../net/paths.js";
import { nameFor, type Project } from "../../../net/projects.js";
import type { PageClass } from "./images.js";
import { words } from "./strings.js";
import type { PageModel } from "./training.js";

export interface ProjectParts {
  title: string;
  backbone: string;
  classes: readonly PageClass[];
  model: PageModel | undefined;
}

const kHashInName = 12; // digits

// "holiday/IMG 1.JPG" becomes "IMG_1": valid on every file system.
const stemOf = (name: string): string =>
  name
    .replace(/\.[^.]*$/, "")
    .replace(/[^A-Za-z0-9_-]/g, "_")
    .slice(0, 60);
const extensionOf = (name: string): string => /\.(jpe?g|png|bmp|webp|gif)$/i.exec(name)?.[0].toLowerCase() ?? ".img";

async function sha256Of(file: File, features: ImageFeatures | undefined): Promise<string> {
  if (features !== undefined) return features.sha256;
  // Images that no training has seen; crypto.subtle exists in secure pages only.
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const json = (value: unknown): Blob => new Blob([JSON.stringify(value)], { type: "application/json" });

const kManifestFile = "manifest.jsonl";

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

// The images with their labels. The server counts images that were added after `data_time` of the classifier as new.
async function imageEntries(classes: readonly PageClass[], model: PageModel | undefined): Promise<ZipEntry[]> {
  const trained = seconds(model?.created ?? new Date());
  const later = Math.max(trained + 1, seconds(new Date()));
  const lines: string[] = [];
  const entries: ZipEntry[] = [];
  const seen = new Set<string>();
  for (const { name: label, images } of classes) {
    for (const { file, features } of images) {
      const sha256 = await sha256Of(file, features).catch(() => {
        throw new Error(words.save.unreadable(file.name));
      });
      if (seen.has(sha256)) continue;
      seen.add(sha256);
      const path = `train/${label}/${stemOf(file.name)}-${sha256.slice(0, kHashInName)}${extensionOf(file.name)}`;
      const added_at = model?.hashes.has(sha256) ? trained : later;
      const { name } = file;
      lines.push(JSON.stringify({ sha256, label, split: "train", source: "upload", added_at, file: path, name }));
      entries.push({ path, content: file });
    }
  }
  return [{ path: kManifestFile, content: new Blob([lines.map((line) => `${line}\n`).join("")]) }, ...entries];
}

export async function projectFile({ title, backbone, classes, model }: ProjectParts, withImages = true): Promise<Blob> {
  const metrics = model?.report.metrics;
  const version = model && {
    number: 1,
    active: true,
    manifest: {
      name: nameFor(title, []),
      created: model.created.toISOString(),
      data_time: seconds(model.created),
      backbone,
      mode: "backbone",
      note: "trained in a page",
      metrics: {
        cross_validation:
          metrics?.folds === undefined
            ? null
            : {
                folds: metrics.folds,
                images: model.report.images,
                accuracy: metrics.cross_validated_accuracy,
                interval: metrics.cross_validated_accuracy_interval,
              },
      },
    },
  };
  const entries: ZipEntry[] = [
    { path: "project.json", content: json({ title, backbone, versions: version ? [version] : [] }) },
  ];
  if (model) entries.push({ path: "models/1.safetensors", content: new Blob([model.file]) });
  if (withImages) entries.push(...(await imageEntries(classes, model)));
  return zip(entries);
}

// Creates a project on the server from the archive.
export async function uploadProject(name: string, archive: Blob): Promise<Project> {
  const path = `api/v1/projects?name=${encodeURIComponent(name)}`;
  const headers = { "Content-Type": "application/zip" };
  return readJson(await call(path, { method: "POST", body: archive, headers, timeout: kUploadTimeout }));
}

// Adds the classifier to a project of the server.
export async function uploadVersion(project: string, model: PageModel): Promise<void> {
  const form = new FormData();
  form.append("model", new Blob([model.file]), "model.safetensors");
  await call(inProject("api/v1/models", project), { method: "POST", body: form, timeout: kUploadTimeout });
}
