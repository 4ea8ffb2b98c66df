// What the file contains besides this script: elements that engine/exchange/html_writer.cpp fills.

// The facts about the export, JSON.
export interface Facts {
  title: string;
  version: string; // of the model on the server; "" if it did not come from one
  fovea_version: string;
  weights_sha256: string; // of the model file that was exported
  precision: "half" | "full";
}

const textOf = (id: string): string => document.getElementById(id)?.textContent?.trim() ?? "";

export const facts = (): Facts => JSON.parse(textOf("facts")) as Facts;

// Base64. "" in a template that has not been filled.
export function modelText(): string {
  const text = textOf("model");
  return text.startsWith("%") ? "" : text;
}

export const engineText = (): string => textOf("engine");
export const notices = (): string => textOf("notices");

// This script, for the Worker.
export const scriptText = (): string => document.getElementById("script")?.textContent ?? "";
