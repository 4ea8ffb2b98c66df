import type { Confidence } from "../../inference/compare.js";
import type { Mode, Source } from "../../inference/types.js";

const pictures = (n: number): string => (n === 1 ? "1 picture" : `${n} pictures`);

export const words = {
  regions: { ask: "Pictures", answers: "Answers", model: "Model" },
  drop: {
    title: "Show it a picture",
    hint: "Drop JPEG, PNG or BMP files here, or paste one.",
    choose: "Choose pictures",
    over: "Let go to classify",
  },
  samples: {
    label: "None at hand? Try one of these:",
    one: (label: string) => `Try the sample picture: ${label}`,
  },
  mode: {
    legend: "Where to answer",
    names: { server: "On the server", page: "In this page", both: "Both, compare" } satisfies Record<Mode, string>,
    notes: {
      server: "Pictures are sent to this server, which answers with its model.",
      page: "The network runs inside this page. The picture never leaves this machine.",
      both: "Each picture is sent to the server and also answered inside this page, by the same engine.",
    } satisfies Record<Mode, string>,
    sent: (size: string) => `${size} of pictures sent since this page was opened`,
    unavailable: "In-page prediction is not available in this build of the page. The server answers as usual.",
    loading: (received: string, total: string | undefined) =>
      total === undefined ? `Loading the weights: ${received}` : `Loading the weights: ${received} of ${total}`,
    ready: (size: string) => `Ready: ${size} of weights loaded`,
    failed: (reason: string) => `The in-page network could not be loaded: ${reason}`,
    retry: "Try again",
  },
  answers: {
    clear: "Clear",
    askServer: (n: number) => `Send ${pictures(n)} to the server too`,
    progress: (done: number, all: number) => (done === all ? pictures(all) : `${done} of ${pictures(all)}`),
    asking: { server: "Asking the server", page: "Looking" } satisfies Record<Source, string>,
    notAsked: "Not sent to the server",
    more: (n: number) => `${n} more`,
    announce: (file: string, label: string, sure: string) => `${file}: ${label}. ${sure}`,
    announceError: (file: string, error: string) => `${file}: ${error}`,
    ready: "No answer yet",
    retry: "Try again",
  },
  sources: { server: "Server", page: "This page" } satisfies Record<Source, string>,
  confidence: (level: Confidence, first: string, second: string): string =>
    ({
      certain: "Very sure",
      likely: "Likely",
      leaning: `Leaning towards ${first}, perhaps ${second}`,
      split: `Unsure: the network splits between ${first} and ${second}`,
    })[level],
  compare: {
    same: "Same answer",
    different: "Different answers",
    close: "Same first choice, different probabilities",
    largest: (d: string) => `largest difference of any probability: ${d}`,
    otherClasses: "the two models know different classes",
  },
  timing: { decode: "decode", queue: "queue", compute: "compute", roundTrip: "round trip" },
  model: {
    title: "The model",
    knows: (n: number) => `Tells ${n} classes apart`,
    accuracy: { test: "of test pictures right", val: "of validation pictures right" },
    interval: (low: string, high: string) => `95 % interval ${low} to ${high}`,
    tested: (n: string) => `${n} pictures it was not trained on`,
    noMetrics: "This model carries no measured accuracy.",
    version: "Version",
    trainedOn: "Trained on",
    trainImages: (data: string, n: string) => `${data}, ${n} pictures`,
    created: "Made",
    input: "Sees",
    inputSize: (n: number) => `${n} × ${n} pixels`,
    parameters: "Parameters",
    flops: "Work",
    flopsPerPicture: (n: string) => `${n} operations a picture`,
    temperature: "Temperature",
    sha: "Weights",
    copy: "Copy",
    copied: "Copied",
    copyLabel: "Copy the SHA-256 of the weights",
    download: (size: string | undefined) => (size === undefined ? "Download the model file" : `Download the model file (${size})`),
    layers: (n: number) => `Its ${n} layers`,
    layerColumns: ["", "Layer", "Output", "Parameters"],
    layerTable: "Layers",
    provenance: "Where it came from",
  },
} as const;
