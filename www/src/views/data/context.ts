import type { Dataset } from "../../net/dataset.js";

// What the parts of this view share.
export interface DataContext {
  dataset: Dataset;
  modelClasses: readonly string[]; // of the active model
  onChange: () => void; // the data was changed from here
}
