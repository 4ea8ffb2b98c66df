// What came in since the list was made, by the list's own filters: told, and shown when one asks for it.
import { getJson } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import type { PastPrediction } from "../../net/service.js";

export const kFresh = 50; // more are "more than 50"

export interface Fresh {
  count: number;
  more: boolean;
}

// `newest`: the highest number of the list, 0 when it is empty, undefined when it is not made yet.
export function countFresh(rows: readonly { id: number }[], newest: number): Fresh {
  const count = rows.filter(({ id }) => id > newest).length;
  return { count: Math.min(count, kFresh), more: count > kFresh };
}

export function useFresh(query: () => URLSearchParams, newest: number | undefined, watched: boolean): Fresh {
  const found = useResource(
    async (stop) => {
      if (!watched || newest === undefined) return undefined;
      const asked = query();
      asked.set("limit", String(kFresh + 1));
      return { newest, rows: (await getJson<{ predictions: PastPrediction[] }>(`api/v1/predictions?${asked}`, stop)).predictions };
    },
    { keys: [watched, newest], on: ["predictions"], gap: 2_000 },
  );
  const known = found.value;
  return watched && known !== undefined && known.newest === newest ? countFresh(known.rows, newest) : { count: 0, more: false };
}
