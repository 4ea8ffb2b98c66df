// The options of a retraining, as entered in the form and as sent to the server.
import type { RetrainOptions } from "../../net/jobs.js";

export type Mode = "auto" | "full" | "frozen";
export type Freeze = "auto" | "yes" | "no";
export const numberNames = ["epochs", "lr", "replay", "batch", "distillation", "seed"] as const;
export type NumberName = (typeof numberNames)[number];

export interface Settings {
  mode: Mode;
  promote: "auto" | "never";
  freeze: Freeze;
  fineTune: boolean; // only with a backbone
  numbers: Record<NumberName, string>; // as typed; "": automatic
}

export const kDefaults: Settings = {
  mode: "auto",
  promote: "auto",
  freeze: "auto",
  fineTune: false,
  numbers: { epochs: "", lr: "", replay: "", batch: "", distillation: "", seed: "" },
};

// Options that have no effect when only the last layer is trained.
export const kFullOnly: readonly NumberName[] = ["lr", "replay", "batch", "distillation"];

export const readNumber = (text: string): number | undefined =>
  text.trim() === "" ? undefined : Number(text.trim().replace(",", "."));

export const isInvalid = (text: string): boolean => Number.isNaN(readNumber(text));

export interface RefusedOption {
  name: NumberName;
  message: (label: string) => string; // the server's message, with the field's label for the API's name
}

// The option that an error message quotes: "lr" for `"lr" cannot be 9: ...`. undefined: none.
export function refusedOption(message: string): RefusedOption | undefined {
  const name = numberNames.find((known) => message.includes(`"${known}"`));
  if (name === undefined) return undefined;
  const text = message.slice(message.indexOf(`"${name}"`));
  return { name, message: (label) => text.replace(`"${name}"`, label) };
}

// `frozen`: only the last layer is trained.
export function toOptions({ mode, promote, freeze, fineTune, numbers }: Settings, frozen: boolean): RetrainOptions {
  const options: RetrainOptions = {};
  if (fineTune) options.fine_tune = true;
  if (mode !== "auto") options.mode = mode;
  if (promote !== "auto") options.promote = promote;
  if (freeze !== "auto" && !frozen) options.freeze_statistics = freeze;
  for (const name of numberNames) {
    const value = readNumber(numbers[name]);
    const applies = !(frozen && kFullOnly.includes(name));
    if (value !== undefined && !Number.isNaN(value) && applies) options[name] = value;
  }
  return options;
}
