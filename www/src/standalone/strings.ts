import { count } from "../base/format.js";
import { interval } from "../base/strings.js";

const images = (n: number): string => (n === 1 ? "1 image" : `${count(n)} images`);

export const words = {
  loading: "The classifier is being loaded.",
  template: "This file contains no model. Export one: fovea export MODEL --format html --out FILE",
  failed: (error: string) => `The classifier could not be loaded: ${error}`,
  classes: (n: number) => (n === 1 ? "It has one class" : `It distinguishes ${count(n)} classes`),
  moreClasses: (n: number) => `${n} more`,
  input: "Classify images",
  drop: "Drop images anywhere, or paste one",
  local: "Everything runs in this file. No image leaves this device.",
  camera: "Use the camera",
  stopCamera: "Stop the camera",
  photo: "Take a photo",
  results: "Results",
  clear: "Clear the results",
  working: (n: number) => `Classifying ${images(n)}`,
  done: (label: string, p: string) => `${label}, ${p}`,
  time: (ms: string) => `Decoded and classified in ${ms}`,
  accuracy: (p: string, n: number, low: string, high: string) =>
    `Correct for ${p} of ${images(n)} that were left out of the training (${interval(low, high)}).`,
  accuracyOnly: (p: string) => `Correct for ${p} of the images that were left out of the training.`,
  crossValidated: (p: string, n: number, low: string, high: string) =>
    `Correct for ${p} of ${images(n)} in cross-validation (${interval(low, high)}).`,
  unmeasured: "Its accuracy was not measured.",
  limits: "It answers with one of its classes for every image, also for one that shows none of them.",
  novelty: "It says so when an image resembles nothing it was trained on.",
  about: "About this file",
  aboutTrained: "Trained",
  aboutVersion: "Version",
  aboutNetwork: "Network",
  aboutWeights: "Weights",
  aboutPrecision: { half: "16 bits a number", full: "32 bits a number" },
  aboutInput: "Input",
  pixels: (n: number) => `${n} x ${n} pixels`,
  aboutProgram: "Made with",
  program: (version: string) => `Fovea ${version}`,
  licences: "Licences",
  backbone: (name: string, licence: string) =>
    `The network was trained on top of ${name}. Licence of its weights: ${licence}`,
  unknownLicence: "not recorded in the model",
} as const;
