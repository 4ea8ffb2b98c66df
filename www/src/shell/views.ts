// The views of the dashboard in the order of the navigation. A view is a folder in views/ with a module whose
// default export is its component. The module is loaded when the view is first opened.
import type { ComponentType } from "preact";
import type { ViewProps } from "../app/route_props.js";
import { words } from "../base/strings.js";
import type { IconName } from "../components/icon.js";

export interface View {
  id: keyof typeof words.views; // first part of the address
  title: string;
  label?: string; // in the navigation, if not the title
  icon: IconName;
  needsModel?: boolean; // shows nothing useful while the project has no model
  admin?: boolean; // all it shows needs the role admin
  onPhones?: boolean; // in the bar at the bottom, before the others
  navigation?: "own" | "never"; // only in projects other than the default one; reached from elsewhere
  load: () => Promise<{ default: ComponentType<ViewProps> }>;
}

const { views: titles } = words;

export const views: readonly View[] = [
  {
    id: "make",
    title: titles.make,
    label: words.makeShort,
    icon: "make",
    admin: true,
    onPhones: true,
    navigation: "own",
    load: () => import("../views/make/make.js"),
  },
  {
    id: "overview",
    title: titles.overview,
    icon: "overview",
    onPhones: true,
    needsModel: true,
    load: () => import("../views/overview/overview.js"),
  },
  {
    id: "predict",
    title: titles.predict,
    icon: "predict",
    onPhones: true,
    needsModel: true,
    load: () => import("../views/predict/predict.js"),
  },
  {
    id: "history",
    title: titles.history,
    icon: "history",
    admin: true,
    needsModel: true,
    load: () => import("../views/history/history.js"),
  },
  {
    id: "data",
    title: titles.data,
    icon: "data",
    admin: true,
    onPhones: true,
    load: () => import("../views/data/data.js"),
  },
  {
    id: "train",
    title: titles.train,
    icon: "train",
    admin: true,
    onPhones: true,
    load: () => import("../views/train/train.js"),
  },
  { id: "models", title: titles.models, icon: "models", load: () => import("../views/models/models.js") },
  {
    id: "insights",
    title: titles.insights,
    icon: "insights",
    needsModel: true,
    load: () => import("../views/insights/insights.js"),
  },
  { id: "settings", title: titles.settings, icon: "settings", load: () => import("../views/settings/settings.js") },
  {
    id: "projects",
    title: titles.projects,
    icon: "projects",
    navigation: "never",
    load: () => import("../views/projects/projects.js"),
  },
];

// The view of an address; "": the start page.
export const viewOf = (name: string): View | undefined => views.find(({ id }) => id === (name || "overview"));

export const viewsInNavigation = (isDefaultProject: boolean, mayChange = true): readonly View[] =>
  views.filter(
    ({ navigation, admin }) =>
      (navigation === undefined || (navigation === "own" && !isDefaultProject)) && (mayChange || !admin),
  );

// Splits the views between a phone's navigation bar and its "More" menu. When not all fit, the last place in
// the bar is the "More" button.
export function barSplit<T>(all: readonly T[], places = 5): { bar: readonly T[]; more: readonly T[] } {
  return all.length <= places ? { bar: all, more: [] } : { bar: all.slice(0, places - 1), more: all.slice(places - 1) };
}
