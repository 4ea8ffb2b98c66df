// Sends the classifier to the server, as a new project or as a version of one.
import { useState } from "preact/hooks";
import { projectList, reloadProjects, titleOf } from "../../../app/projects.js";
import { go, hrefIn } from "../../../app/router.js";
import { bytes } from "../../../base/format.js";
import { Button } from "../../../components/button.js";
import { CheckBox, Field, Select } from "../../../components/field.js";
import { toast } from "../../../components/toasts.js";
import { nameFor } from "../../../net/projects.js";
import { ErrorNote } from "../../../shared/loaded.js";
import { classes, imageCount, revision, savedRevision, title } from "./images.js";
import { projectFile, uploadProject, uploadVersion } from "./project_file.js";
import { words } from "./strings.js";
import type { PageModel } from "./training.js";

const w = words.upload;
const kNew = ""; // instead of the name of a project

export function UploadForm({ trained, onDone }: { trained: PageModel; onDone: () => void }) {
  const [target, setTarget] = useState<string>(kNew);
  const [withImages, setWithImages] = useState(true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const known = projectList.value;
  const size = classes.value.reduce((sum, { images }) => sum + images.reduce((all, { file }) => all + file.size, 0), 0);
  const send = async (): Promise<[title: string, address: string]> => {
    if (target !== kNew) {
      await uploadVersion(target, trained);
      const found = known.find(({ name }) => name === target);
      return [found ? titleOf(found) : target, hrefIn(target, "models")];
    }
    const now = revision.peek();
    const parts = { title: title.peek(), backbone: trained.backbone, classes: classes.peek(), model: trained };
    const archive = await projectFile(parts, withImages);
    const made = await uploadProject(
      nameFor(
        title.peek(),
        known.map(({ name }) => name),
      ),
      archive,
    );
    if (withImages) savedRevision.value = now;
    return [title.peek(), hrefIn(made.name, "make")];
  };
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const [named, address] = await send();
      reloadProjects();
      toast({ text: w.done(named), tone: "good", action: { label: w.open, run: () => go(address) } });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const options = [
    { value: kNew, label: w.targetNew },
    ...known.map((each) => ({ value: each.name, label: w.targetVersion(titleOf(each)) })),
  ];
  const hint = withImages ? w.withImagesHint(imageCount.value, bytes(size)) : w.withoutImagesHint;
  return (
    <form class="make-upload" onSubmit={(event) => void start(event)}>
      <Field label={w.target}>{(id) => <Select id={id} value={target} options={options} onChange={setTarget} />}</Field>
      {target === kNew && <CheckBox checked={withImages} label={w.withImages} onChange={setWithImages} />}
      <p class="hint">{target === kNew ? hint : w.versionHint}</p>
      {error !== undefined && <ErrorNote error={error} />}
      <Button kind="primary" type="submit" icon="upload" busy={busy}>
        {w.start}
      </Button>
    </form>
  );
}
