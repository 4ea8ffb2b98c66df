// The current project and a dialog to choose another one. While there is only the default project, a link to make
// the first own one.
import { useEffect, useState } from "preact/hooks";
import { hasOwnProjects, projectList, projects, titleOf, titleOfName } from "../app/projects.js";
import { hrefIn, route } from "../app/router.js";
import { count, percent } from "../base/format.js";
import { words } from "../base/strings.js";
import { Dialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { isDefaultProject, kDefaultProject, project } from "../net/project.js";
import type { Project } from "../net/projects.js";

const w = words.projects;

export function ProjectSwitch() {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [route.value]);
  if (projects.value?.value === undefined && isDefaultProject()) return null;
  if (!hasOwnProjects.value && isDefaultProject()) {
    return (
      <a class="project-make" href={hrefIn(kDefaultProject, "make")}>
        <Icon name="add" size={15} />
        {w.make}
      </a>
    );
  }
  const title = titleOfName(project.value);
  return (
    <>
      <button
        type="button"
        class="project-switch"
        aria-haspopup="dialog"
        aria-label={w.label(title)}
        onClick={() => setOpen(true)}
      >
        <Icon name="projects" size={15} />
        <bdi>{title}</bdi>
        <Icon name="choose" size={14} />
      </button>
      <Dialog open={open} title={w.choose} onClose={() => setOpen(false)}>
        <ul class="project-choices">
          {projectList.value.map((known) => (
            <Choice key={known.name} known={known} onChoose={() => setOpen(false)} />
          ))}
        </ul>
        <footer class="dialog-actions">
          <a class="button" href={hrefIn(project.value, "projects")} onClick={() => setOpen(false)}>
            {w.all}
          </a>
          <a class="button" href={hrefIn(kDefaultProject, "make")} onClick={() => setOpen(false)}>
            <Icon name="add" size={16} />
            {w.make}
          </a>
        </footer>
      </Dialog>
    </>
  );
}

// Views that exist in every project stay open when another one is chosen; a single job or version does not.
const kNotKept = ["projects", "make"];

function Choice({ known, onChoose }: { known: Project; onChoose: () => void }) {
  const { view } = route.value;
  const target = kNotKept.includes(view) ? "overview" : view;
  return (
    <li>
      <a
        href={hrefIn(known.name, target)}
        aria-current={known.name === project.value ? "true" : undefined}
        onClick={onChoose}
      >
        <bdi>{titleOf(known)}</bdi>
        <span class="hint">{factsOf(known)}</span>
      </a>
    </li>
  );
}

function factsOf({ state, model, images, retraining }: Project): string {
  if (state === "broken") return w.broken;
  const accuracy = model?.accuracy;
  const facts = [
    model ? accuracy !== null && accuracy !== undefined && w.accuracy(percent(accuracy)) : w.none,
    images !== undefined && w.images(count(images)),
    retraining && w.training,
  ];
  return facts.filter(Boolean).join(", ");
}
