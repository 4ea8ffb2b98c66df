// The versions of the model: all of them, one of them, or two compared.
import type { ViewProps } from "../../app/route_props.js";
import { CompareVersions } from "./compare_versions.js";
import { VersionListPage } from "./version_list.js";
import { VersionPage } from "./version_page.js";

export default function Models({ route }: ViewProps) {
  const [first, a, b] = route.rest;
  if (first === undefined) return <VersionListPage />;
  if (first === "compare") return <CompareVersions a={Number(a)} b={Number(b)} query={route.query} />;
  return <VersionPage key={first} id={first} />;
}
