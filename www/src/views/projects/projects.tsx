// All projects of the server: open, make, rename, delete and restore.
import { useState } from "preact/hooks";
import { projectList, projects, reloadProjects, titleOf, titleOfName } from "../../app/projects.js";
import { go, hrefIn } from "../../app/router.js";
import { count, percent } from "../../base/format.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Ago } from "../../components/time.js";
import { toast, toastError } from "../../components/toasts.js";
import { kDefaultProject, project } from "../../net/project.js";
import { type DeletedProject, deleteProject, type Project, restoreProject } from "../../net/projects.js";
import { Loaded } from "../../shared/loaded.js";
import { RenameForm } from "./rename_form.js";
import { words as w } from "./strings.js";

export default function Projects() {
  const [renamed, setRenamed] = useState<Project>();
  const close = (): void => setRenamed(undefined);
  const loaded = projects.value;
  return (
    <div class="projects">
      <header>
        <p>{w.intro}</p>
        <a class="button primary" href={hrefIn(kDefaultProject, "make")}>
          <Icon name="add" size={18} />
          {w.make}
        </a>
      </header>
      {loaded && (
        <Loaded from={loaded} lines={6}>
          {({ projects: list, deleted }) => (
            <>
              <ul class="project-list" aria-label={w.title}>
                {list.map((known) => (
                  <ProjectCard key={known.name} known={known} onRename={() => setRenamed(known)} />
                ))}
              </ul>
              {deleted.length > 0 && <Trash deleted={deleted} />}
            </>
          )}
        </Loaded>
      )}
      <Dialog open={renamed !== undefined} title={w.form.title(renamed ? titleOf(renamed) : "")} onClose={close}>
        {renamed && <RenameForm renamed={renamed} onDone={close} />}
      </Dialog>
    </div>
  );
}

function ProjectCard({ known, onRename }: { known: Project; onRename: () => void }) {
  const title = titleOf(known);
  const isDefault = known.name === kDefaultProject;
  const hasModel = known.model !== undefined && known.model !== null;
  const target = hrefIn(known.name, hasModel || isDefault ? "overview" : "make");
  return (
    <li class="card project-card">
      <h2>
        <a href={target}>
          <bdi>{title}</bdi>
        </a>
        {known.retraining && <Badge tone="page">{w.training}</Badge>}
        {known.name === project.value && <Badge tone="server">{w.current}</Badge>}
      </h2>
      {known.state === "broken" ? <p class="bad">{w.broken}</p> : <Facts of={known} />}
      {!isDefault && (
        <div class="project-actions">
          <Button icon="rename" label={w.renameLabel(title)} onClick={onRename}>
            {w.rename}
          </Button>
          <DeleteButton known={known} />
        </div>
      )}
    </li>
  );
}

function Facts({ of: { model, images, last_prediction: last } }: { of: Project }) {
  const accuracy = model?.accuracy;
  const isMeasured = accuracy !== undefined && accuracy !== null;
  return (
    <dl>
      <div>
        <dt>{w.accuracy}</dt>
        <dd>{model ? (isMeasured ? percent(accuracy) : w.unknown) : w.none}</dd>
      </div>
      <div>
        <dt>{w.images}</dt>
        <dd>{count(images ?? 0)}</dd>
      </div>
      <div>
        <dt>{w.lastUse}</dt>
        <dd>{last ? <Ago iso={last} /> : w.never}</dd>
      </div>
    </dl>
  );
}

// Deletes at once; the notification has a button that restores the project.
function DeleteButton({ known }: { known: Project }) {
  const [busy, setBusy] = useState(false);
  const title = titleOf(known);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await deleteProject(known.name);
      if (project.peek() === known.name) go(hrefIn(kDefaultProject, "projects"), { replace: true });
      reloadProjects();
      toast({ text: w.deleted(title), action: { label: w.undo, run: () => void restore(known.name, title) } });
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return (
    <Button icon="delete" label={w.deleteLabel(title)} busy={busy} onClick={() => void remove()}>
      {w.delete}
    </Button>
  );
}

async function restore(name: string, title: string): Promise<void> {
  try {
    await restoreProject(name);
    toast({ text: w.restored(title), tone: "good" });
  } catch (error) {
    toastError(error);
  }
  reloadProjects();
}

function Trash({ deleted }: { deleted: readonly DeletedProject[] }) {
  const inUse = new Set(projectList.value.map(({ name }) => name));
  // Restoring takes the latest of those with the same name.
  const names = [...new Set(deleted.map(({ name }) => name))].filter((name) => !inUse.has(name));
  if (names.length === 0) return null;
  return (
    <details class="project-trash">
      <summary>{w.trash}</summary>
      <p class="hint">{w.trashText}</p>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <bdi>{name}</bdi>
            <Button icon="again" label={w.restoreLabel(name)} onClick={() => void restore(name, titleOfName(name))}>
              {w.restore}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}
