// The settings of a retraining as a person enters them, and as the server takes them.
import type { RetrainOptions } from "../../net/jobs.js";

export type Mode = "auto" | "full" | "frozen";
export type Freeze = "auto" | "yes" | "no";
export const numberNames = ["epochs", "lr", "replay", "batch", "distillation", "seed"] as const;
export type NumberName = (typeof numberNames)[number];

export interface Settings {
  mode: Mode;
  promote: "auto" | "never";
  freeze: Freeze;
  numbers: Record<NumberName, string>; // as typed; empty: the program chooses
}

export const kDefaults: Settings = {
  mode: "auto",
  promote: "auto",
  freeze: "auto",
  numbers: { epochs: "", lr: "", replay: "", batch: "", distillation: "", seed: "" },
};

// Settings that change nothing when the head alone learns.
export const kFullOnly: readonly NumberName[] = ["lr", "replay", "batch", "distillation"];

export const readNumber = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text.trim().replace(",", ".")));

export const isWrong = (text: string): boolean => Number.isNaN(readNumber(text));

// The setting that the server refused, its value, and why; undefined: it refused something else.
export function refusedSetting(text: string): { name: NumberName; value: string; why: string } | undefined {
  const [, name, value, why] = /^(?:.*: )?"(\w+)" cannot be (.+?): (.+)$/s.exec(text) ?? [];
  const known = numberNames.find((one) => one === name);
  return known && value !== undefined && why !== undefined ? { name: known, value, why } : undefined;
}

// What is sent; `frozen`: the plan is that of the head alone.
export function toOptions({ mode, promote, freeze, numbers }: Settings, frozen: boolean): RetrainOptions {
  const options: RetrainOptions = {};
  if (mode !== "auto") options["mode"] = mode;
  if (promote !== "auto") options["promote"] = promote;
  if (freeze !== "auto" && !frozen) options["freeze_statistics"] = freeze;
  for (const name of numberNames) {
    const value = readNumber(numbers[name]);
    if (value !== undefined && !Number.isNaN(value) && !(frozen && kFullOnly.includes(name))) options[name] = value;
  }
  return options;
}
