// What an image really shows. The server learns from the image it was asked about; one that was shown to
// this page alone goes there first, and only when the person says so.
import { ask, type Image } from "../../inference/images.js";
import { labelPrediction } from "../../net/service.js";
import { Correct } from "../../shared/correct.js";
import { words } from "./strings.js";

export function CorrectImage({ image }: { image: Image }) {
  const server = image.answer("server");
  const answer = server ?? image.answer("page");
  if (answer === undefined) return null;
  const w = words.correct;
  if (server !== undefined && server.prediction === undefined) return <p class="hint">{w.unrecorded}</p>;
  const send = async (label: string): Promise<void> => {
    if (image.answer("server") === undefined) await ask([image], "server");
    const outcome = image.outcomes.peek().server;
    if (outcome?.state === "failed") throw new Error(outcome.error);
    const number = image.answer("server")?.prediction;
    if (number === undefined) throw new Error(w.unrecorded);
    image.corrected(await labelPrediction(number, label));
  };
  return (
    <Correct
      of={image.file.name}
      classes={answer.labels}
      said={image.correction.value}
      note={server === undefined ? w.sends : undefined}
      send={send}
    />
  );
}
