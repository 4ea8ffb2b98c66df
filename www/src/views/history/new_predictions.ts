// Counts the predictions that match the filters and are newer than the list.
import { useResource } from "../../net/resource.js";
import { fetchPredictions, type PredictionQuery } from "../../net/service.js";

export const kMaxNew = 50; // more are shown as "more than 50"

export interface NewCount {
  count: number;
  more: boolean; // than kMaxNew
}

// `newest`: the highest id of the list, 0 when it is empty.
export function countNew(rows: readonly { id: number }[], newest: number): NewCount {
  const count = rows.filter(({ id }) => id > newest).length;
  return { count: Math.min(count, kMaxNew), more: count > kMaxNew };
}

// `newest`: undefined while the list is loading. `watched`: whether new predictions can match the filters.
export function useNewPredictions(
  query: () => PredictionQuery,
  newest: number | undefined,
  watched: boolean,
): NewCount {
  const loaded = useResource(
    async (stop) => {
      if (!watched || newest === undefined) return undefined;
      const page = await fetchPredictions({ ...query(), limit: kMaxNew + 1 }, stop);
      return { newest, rows: page.predictions };
    },
    { keys: [watched, newest], on: ["predictions"], gap: 2_000 },
  );
  const known = loaded.value;
  if (!watched || known === undefined || known.newest !== newest) return { count: 0, more: false };
  return countNew(known.rows, newest);
}
