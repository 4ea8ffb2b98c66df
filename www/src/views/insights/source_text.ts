// The source of a chart's data as text.
import { day } from "../../base/format.js";
import { kModelEvaluation } from "../../net/models.js";
import type { Source } from "./insight.js";
import { words } from "./strings.js";

const w = words.source;

export function sourceText(source: Source): string {
  switch (source.kind) {
    case "dataset":
      return w.dataset(source.images);
    case "job":
      return w.job(source.job, source.version, day(source.date));
    case "history":
      return w.history(source.count, source.version, source.from === null ? null : day(source.from));
    case "evaluation": {
      const { id, version, data, split, date, images } = source;
      const what = w.split(source.count, words.splits[split] ?? split, data);
      const text =
        id === kModelEvaluation
          ? w.stored(version, what, day(date))
          : w.evaluation(String(id), version, what, day(date));
      return images === undefined ? text : `${text} ${w.whole(images)}`;
    }
    default:
      return ""; // of a newer server
  }
}
