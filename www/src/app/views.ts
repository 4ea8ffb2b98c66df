// The views of the dashboard, in the order of the navigation. A view is a folder in views/ with a module
// whose `default` is its component; it is fetched when it is first opened.
import type { ComponentType } from "preact";
import type { IconName } from "../pieces/icon.js";
import { words } from "../strings.js";
import type { Route } from "./router.js";

export interface ViewProps {
  route: Route;
}

export interface View {
  id: string; // its part of the address
  title: string;
  icon: IconName;
  load: () => Promise<{ default: ComponentType<ViewProps> }>;
}

export const views: readonly View[] = [
  { id: "overview", title: words.views.overview, icon: "overview", load: () => import("../views/overview/overview.js") },
  { id: "predict", title: words.views.predict, icon: "predict", load: () => import("../views/predict/predict.js") },
  { id: "history", title: words.views.history, icon: "history", load: () => import("../views/history/history.js") },
  { id: "data", title: words.views.data, icon: "data", load: () => import("../views/data/data.js") },
  { id: "train", title: words.views.train, icon: "train", load: () => import("../views/train/train.js") },
  { id: "models", title: words.views.models, icon: "models", load: () => import("../views/models/models.js") },
  { id: "settings", title: words.views.settings, icon: "settings", load: () => import("../views/settings/settings.js") },
];

// How many of the views a phone's bar has room for; the last place is "More" when there are others.
export function barSplit<T>(all: readonly T[], places = 5): { bar: readonly T[]; more: readonly T[] } {
  return all.length <= places ? { bar: all, more: [] } : { bar: all.slice(0, places - 1), more: all.slice(places - 1) };
}
