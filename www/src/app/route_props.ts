import type { Route } from "./router.js";

// The props of every view's component.
export interface ViewProps {
  route: Route;
}
