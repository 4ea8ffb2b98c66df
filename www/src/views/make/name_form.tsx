// Names a new classifier and creates its project.
import { useEffect, useRef, useState } from "preact/hooks";
import { projectList, projects, reloadProjects } from "../../app/projects.js";
import { go, hrefIn } from "../../app/router.js";
import { Button } from "../../components/button.js";
import { Field } from "../../components/field.js";
import { backboneFor, pageTrainer } from "../../inference/page_trainer.js";
import { kDefaultProject } from "../../net/project.js";
import { createProject, kMaxTitle, nameFor } from "../../net/projects.js";
import { ErrorNote } from "../../shared/loaded.js";
import { imageCount, title as localTitle } from "./local/images.js";
import { words } from "./strings.js";

const w = words.name;

export const kLocal = "page"; // in the address of a classifier that is made without the server

type Place = "server" | "page";

export function NameForm() {
  const [title, setTitle] = useState<string>(w.example);
  const [place, setPlace] = useState<Place>("server");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const backbones = projects.value?.value?.backbones;
  const hasBackbone = (backbones ?? []).length > 0;
  const canStay = pageTrainer.available && backboneFor(backbones) !== undefined;
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    const chosen = title.trim() || w.example;
    if (place === "page") {
      localTitle.value = chosen;
      return go(hrefIn(kDefaultProject, "make", [kLocal]));
    }
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
      {canStay && <PlaceChoice value={place} onChange={setPlace} />}
      {imageCount.value > 0 && (
        <p>
          <a href={hrefIn(kDefaultProject, "make", [kLocal])}>{w.place.unfinished(localTitle.value)}</a>
        </p>
      )}
      {error !== undefined && <ErrorNote error={error} />}
      <Button kind="primary" type="submit" busy={busy}>
        {w.create}
      </Button>
    </form>
  );
}

// Where the images go.
function PlaceChoice({ value, onChange }: { value: Place; onChange: (place: Place) => void }) {
  return (
    <fieldset class="make-place">
      <legend>{w.place.label}</legend>
      {(["server", "page"] as const).map((place) => (
        <label key={place}>
          <input type="radio" name="make-place" checked={value === place} onChange={() => onChange(place)} />
          <span>
            <b>{w.place[place].title}</b>
            <span class="hint">{w.place[place].text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
