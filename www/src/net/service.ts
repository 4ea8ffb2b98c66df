// The state of the service, its statistics and the history of predictions.
import { apiUrl, get, type ResponseOf, type Schemas, send } from "./api.js";

export type Status = Schemas["Status"];
export type Limits = Schemas["Limits"];
export type Statistics = Schemas["Statistics"];
export type SeriesPoint = Statistics["series"]["points"][number];
export type ActiveModel = Schemas["ModelInService"];
export type LabelledPrediction = ResponseOf<"/api/v1/predictions/{id}/label", "post">;
// `training` is only in the response to a correction.
export type PastPrediction = Schemas["PastPrediction"] & Partial<Pick<LabelledPrediction, "training">>;
export type PredictionPage = ResponseOf<"/api/v1/predictions", "get">;

export const fetchStatus = (stop?: AbortSignal): Promise<Status> => get("/api/v1/status", { stop });

export const fetchModel = (stop?: AbortSignal): Promise<ActiveModel> => get("/api/v1/model", { stop });

// Of the last `hours`; undefined: of everything that is stored.
export const fetchStatistics = (hours: number | undefined, stop?: AbortSignal): Promise<Statistics> =>
  get("/api/v1/statistics", { query: { hours }, stop });

// Filters come from the page's address, so the server checks them.
export type PredictionQuery = NonNullable<Parameters<typeof get<"/api/v1/predictions">>[1]>["query"];

export const fetchPredictions = (query: PredictionQuery, stop?: AbortSignal): Promise<PredictionPage> =>
  get("/api/v1/predictions", { query, stop });
export const fetchPrediction = (id: number, stop?: AbortSignal): Promise<PastPrediction> =>
  get("/api/v1/predictions/{id}", { path: { id }, stop });
export const predictionsCsvUrl = (query: PredictionQuery): string => apiUrl("/api/v1/predictions.csv", { query });
export const predictionImageUrl = (id: number): string => apiUrl("/api/v1/predictions/{id}/image", { path: { id } });

export const deletePrediction = async (id: number): Promise<void> =>
  void (await send("delete", "/api/v1/predictions/{id}", { path: { id } }));
export const deletePredictions = async (): Promise<number> =>
  (await send("delete", "/api/v1/predictions", { query: { confirm: "all" } })).deleted;

// Stores the correct class of a prediction. Throws when its image cannot become training data.
export const labelPrediction = (id: number, label: string): Promise<PastPrediction> =>
  send("post", "/api/v1/predictions/{id}/label", { path: { id }, body: { label } });
