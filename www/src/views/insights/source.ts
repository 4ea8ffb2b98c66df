// Where the numbers of a chart come from, in plain words.
import { count, day } from "../../base/format.js";
import type { Source } from "./insight.js";
import { words } from "./strings.js";

export function sourceText(source: Source): string {
  const w = words.source;
  switch (source.kind) {
    case "dataset":
      return w.dataset(source.images, count(source.images));
    case "job":
      return w.job(source.job, source.version, day(source.date));
    case "history":
      return w.history(source.count, count(source.count), source.version, source.from === null ? null : day(source.from));
    case "evaluation": {
      const { id, version, data, split, date, images } = source;
      const what = w.split(source.count, count(source.count), words.splits[split] ?? split, data);
      const whose = id === "model" ? w.stored(version, what, day(date)) : w.evaluation(id, version, what, day(date));
      return images === undefined ? whose : `${whose} ${w.whole(count(images))}`;
    }
    default:
      return ""; // of a later server
  }
}
