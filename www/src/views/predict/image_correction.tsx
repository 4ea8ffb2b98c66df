// Labels an image. The label belongs to a prediction in the server's history, so an image that was classified only
// in this page is sent to the server first, if the user labels it.
import { type Image, predict } from "../../inference/images.js";
import { labelPrediction } from "../../net/service.js";
import { Correction } from "../../shared/correction.js";
import { words } from "./strings.js";

export function ImageCorrection({ image }: { image: Image }) {
  const server = image.prediction("server");
  const prediction = server ?? image.prediction("page");
  if (prediction === undefined) return null;
  const w = words.correction;
  if (server !== undefined && server.historyId === undefined) return <p class="hint">{w.unrecorded}</p>;
  const send = async (label: string): Promise<void> => {
    if (image.prediction("server") === undefined) await predict([image], "server");
    const outcome = image.outcomes.peek().server;
    if (outcome?.state === "failed") throw new Error(outcome.error);
    const id = image.prediction("server")?.historyId;
    if (id === undefined) throw new Error(w.unrecorded);
    image.setLabel(await labelPrediction(id, label));
  };
  return (
    <Correction
      of={image.file.name}
      classes={prediction.labels}
      current={image.label.value}
      note={server === undefined ? w.sends : undefined}
      send={send}
    />
  );
}
