// Shown instead of what needs a model, while the project has none.
import { href } from "../app/router.js";
import { words } from "../base/strings.js";
import { Empty } from "../components/placeholders.js";

export const NoModel = () => (
  <Empty icon="make" title={words.projects.noModel}>
    <p>{words.projects.noModelHint}</p>
    <a class="button primary" href={href("make")}>
      {words.projects.addImages}
    </a>
  </Empty>
);
