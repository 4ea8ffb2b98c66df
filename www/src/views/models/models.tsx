// The versions of the model: all of them, one of them, or two compared.
import type { ViewProps } from "../../app/route_props.js";
import { CompareVersions } from "./compare_versions.js";
import { VersionListPage } from "./version_list.js";
import { VersionPage } from "./version_page.js";

export default function Models({ route }: ViewProps) {
  const [first, a, b] = route.rest;
  if (first === undefined) return <VersionListPage />;
  if (first === "compare") {
    const [before, after] = [Number(a), Number(b)];
    // An address without two numbers compares nothing.
    if (!Number.isSafeInteger(before) || !Number.isSafeInteger(after)) return <VersionListPage />;
    return <CompareVersions a={before} b={after} query={route.query} />;
  }
  return <VersionPage key={first} id={first} />;
}
