// What a picture really shows. The server learns from the picture it was asked about; one that was shown to
// this page alone goes there first, and only when the person says so.
import { ask, type Picture } from "../../inference/pictures.js";
import { labelPrediction } from "../../net/service.js";
import { Correct } from "../../pieces/correct.js";
import { words } from "./strings.js";

export function CorrectPicture({ picture }: { picture: Picture }) {
  const server = picture.answer("server");
  const answer = server ?? picture.answer("page");
  if (answer === undefined) return null;
  const w = words.correct;
  if (server !== undefined && server.prediction === undefined) return <p class="hint">{w.unrecorded}</p>;
  const send = async (label: string): Promise<void> => {
    if (picture.answer("server") === undefined) await ask([picture], "server");
    const outcome = picture.outcomes.peek().server;
    if (outcome?.state === "failed") throw new Error(outcome.error);
    const number = picture.answer("server")?.prediction;
    if (number === undefined) throw new Error(w.unrecorded);
    picture.corrected(await labelPrediction(number, label));
  };
  return (
    <Correct
      of={picture.file.name}
      classes={answer.labels}
      said={picture.correction.value}
      note={server === undefined ? w.sends : undefined}
      send={send}
    />
  );
}
