// Changes the title and the name of a project.
import { useState } from "preact/hooks";
import { reloadProjects, titleOf } from "../../app/projects.js";
import { go, hrefIn } from "../../app/router.js";
import { Field } from "../../components/field.js";
import { toast } from "../../components/toasts.js";
import { project } from "../../net/project.js";
import { changeProject, isProjectName, kMaxTitle, type Project } from "../../net/projects.js";
import { DialogForm } from "../../shared/dialog_form.js";
import { words } from "./strings.js";

const w = words.form;

export function RenameForm({ renamed, onDone }: { renamed: Project; onDone: () => void }) {
  const [title, setTitle] = useState(titleOf(renamed));
  const [name, setName] = useState(renamed.name);
  const isValid = isProjectName(name);
  const save = async (): Promise<void> => {
    await changeProject(renamed.name, { title: title.trim(), ...(name === renamed.name ? {} : { name }) });
    if (project.peek() === renamed.name) go(hrefIn(name, "projects"), { replace: true });
    reloadProjects();
    toast({ text: w.saved(title.trim() || name), tone: "good" });
    onDone();
  };
  return (
    <DialogForm submit={w.save} valid={isValid} onSave={save}>
      <Field label={w.titleLabel}>
        {(id) => (
          <input
            id={id}
            value={title}
            maxLength={kMaxTitle}
            autocomplete="off"
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={w.nameLabel} hint={w.nameHint} error={isValid ? undefined : w.nameWrong}>
        {(id, describedBy) => (
          <input
            id={id}
            value={name}
            autocomplete="off"
            spellcheck={false}
            aria-describedby={describedBy}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
    </DialogForm>
  );
}
