// The versions of the model: all of them, one of them, two beside each other.
import type { ViewProps } from "../../app/route_props.js";
import { Compare } from "./compare.js";
import { List } from "./list.js";
import { VersionPage } from "./version_page.js";

export default function Models({ route }: ViewProps) {
  const [first, a, b] = route.rest;
  if (first === undefined) return <List />;
  if (first === "compare") return <Compare a={Number(a)} b={Number(b)} query={route.query} />;
  return <VersionPage key={first} id={first} />;
}
