// Names a new classifier and creates its project.
import { useEffect, useRef, useState } from "preact/hooks";
import { projectList, projects, reloadProjects } from "../../app/projects.js";
import { go, hrefIn } from "../../app/router.js";
import { Button } from "../../components/button.js";
import { Field } from "../../components/field.js";
import { createProject, kMaxTitle, nameFor } from "../../net/projects.js";
import { ErrorNote } from "../../shared/loaded.js";
import { words } from "./strings.js";

const w = words.name;

export function NameForm() {
  const [title, setTitle] = useState<string>(w.example);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const hasBackbone = (projects.value?.value?.backbones ?? []).length > 0;
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    const chosen = title.trim() || w.example;
    const name = nameFor(
      chosen,
      projectList.peek().map((known) => known.name),
    );
    try {
      await createProject(name, chosen);
      reloadProjects();
      go(hrefIn(name, "make"));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <form class="card make-name" onSubmit={(event) => void create(event)}>
      <h2>{w.title}</h2>
      <p>{w.text}</p>
      <Field label={w.label} hint={hasBackbone ? w.network.backbone : w.network.preset}>
        {(id, describedBy) => (
          <input
            id={id}
            ref={input}
            value={title}
            maxLength={kMaxTitle}
            autocomplete="off"
            aria-describedby={describedBy}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        )}
      </Field>
      {error !== undefined && <ErrorNote error={error} />}
      <Button kind="primary" type="submit" busy={busy}>
        {w.create}
      </Button>
    </form>
  );
}
