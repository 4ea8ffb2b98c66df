// The active model and its provenance.

import { useRef, useState } from "preact/hooks";
import { bytes, count, day, percent, roughly } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { ScrollRegion } from "../../components/scroll_region.js";
import { toastError } from "../../components/toasts.js";
import type { Accuracy, ModelView } from "../../inference/types.js";
import { saveFromServer } from "../../net/files.js";
import { kWeightsPath } from "../../net/paths.js";
import type { Resource } from "../../net/resource.js";
import { Loaded } from "../../shared/loaded.js";
import { words } from "./strings.js";

const kShownElsewhere = new Set(["name", "version", "created", "data", "train_images", "metrics"]);

export const ModelPanel = ({ model }: { model: Resource<ModelView> }) => (
  <Loaded from={model} lines={8}>
    {(known) => <Model model={known} />}
  </Loaded>
);

function Model({ model }: { model: ModelView }) {
  const w = words.model;
  const save = (): void => void saveFromServer(kWeightsPath, `${model.name || "model"}.safetensors`).catch(toastError);
  return (
    <>
      <h2>{model.name || w.title}</h2>
      <MeasuredAccuracy accuracy={model.accuracy} />
      <p class="class-count">{w.classes(model.classes.length)}</p>
      <ul class="classes">
        {model.classes.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      <Facts model={model} />
      {model.weightsSha256 !== "" && <Sha value={model.weightsSha256} />}
      <Button icon="download" onClick={save}>
        {w.download(model.fileSize === undefined ? undefined : bytes(model.fileSize))}
      </Button>
      {model.layers.length > 0 && <Layers layers={model.layers} />}
      <Provenance of={model.provenance} />
    </>
  );
}

function MeasuredAccuracy({ accuracy }: { accuracy: Accuracy | undefined }) {
  const w = words.model;
  if (accuracy === undefined) return <p class="waiting">{w.notMeasured}</p>;
  const { split, value, low, high, images } = accuracy;
  return (
    <div class="accuracy">
      <p>
        <strong>{percent(value)}</strong> {w.accuracy[split]}
      </p>
      {low !== undefined && high !== undefined && <p>{w.interval(percent(low), percent(high))}</p>}
      {images !== undefined && <p>{w.tested(images)}</p>}
    </div>
  );
}

function Facts({ model }: { model: ModelView }) {
  const w = words.model;
  const provenance = new Map(model.provenance);
  const data = provenance.get("data");
  const images = Number(provenance.get("train_images"));
  const created = provenance.get("created");
  const rows: [string, string | undefined][] = [
    [w.version, model.version || undefined],
    [w.trainedOn, data && images > 0 ? w.trainImages(data, images) : data],
    [w.created, created && day(created)],
    [w.input, model.inputSize === undefined ? undefined : w.inputSize(model.inputSize)],
    [w.parameters, model.parameters === undefined ? undefined : count(model.parameters)],
    [w.flops, model.flops === undefined ? undefined : w.flopsPerImage(roughly(model.flops))],
    [w.temperature, model.temperature?.toFixed(3)],
  ];
  return (
    <dl class="facts">
      {rows.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Sha({ value }: { value: string }) {
  const w = words.model;
  const [copied, setCopied] = useState(false);
  const [expanded, setExpanded] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch {
      // Browsers allow clipboard access only over HTTPS and on localhost; elsewhere the hash is selected for copying.
      setExpanded(true);
      requestAnimationFrame(() => code.current && getSelection()?.selectAllChildren(code.current));
    }
  };
  return (
    <p class="sha">
      <span>{w.sha}</span>
      <code ref={code} title={value}>
        {expanded ? value : `${value.slice(0, 8)}…${value.slice(-8)}`}
      </code>
      <Button label={w.copyLabel} onClick={() => void copy()}>
        {copied ? w.copied : w.copy}
      </Button>
    </p>
  );
}

function Layers({ layers }: { layers: ModelView["layers"] }) {
  const w = words.model;
  return (
    <details>
      <summary>{w.layers(layers.length)}</summary>
      <ScrollRegion label={w.layerTable}>
        <table>
          <thead>
            <tr>
              {w.layerColumns.map((title) =>
                title === "" ? (
                  <td key={title} />
                ) : (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {layers.map(({ name, kind, output, parameters }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{kind}</td>
                <td>{output.join(" × ")}</td>
                <td>{parameters ? count(parameters) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </details>
  );
}

function Provenance({ of }: { of: [string, string][] }) {
  const rest = of.filter(([key]) => !kShownElsewhere.has(key));
  if (rest.length === 0) return null;
  return (
    <details>
      <summary>{words.model.provenance}</summary>
      <dl class="facts provenance">
        {rest.map(([key, value]) => (
          <div key={key}>
            <dt>{key.replaceAll("_", " ")}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
