// The options of a retraining. All of them may stay automatic.
import { roughTime } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { CheckBox, Field, Segments, Select } from "../../components/field.js";
import type { Plan } from "../../net/jobs.js";
import {
  isInvalid,
  kDefaults,
  kFullOnly,
  type Mode,
  type NumberName,
  numberNames,
  type RefusedOption,
  type Settings,
} from "./options.js";
import { words } from "./strings.js";

const w = words.options;
const modes: readonly Mode[] = ["auto", "frozen", "full"];

export interface OptionsFormProps {
  settings: Settings;
  plan: Plan | undefined;
  frozen: boolean; // only the last layer is trained
  refused: RefusedOption | undefined; // shown at its field
  onChange: (settings: Settings) => void;
}

export function OptionsForm({ settings, plan, frozen, refused, onChange }: OptionsFormProps) {
  const set = (change: Partial<Settings>): void => onChange({ ...settings, ...change });
  // Of a project with a pretrained network. The other options do not apply to it.
  const seconds = plan?.fine_tune_seconds;
  return (
    <div class="plan-options">
      {seconds !== undefined ? (
        <div class="plan-choice">
          <CheckBox checked={settings.fineTune} label={w.fineTune} onChange={(fineTune) => set({ fineTune })} />
          <p class="hint">{w.fineTuneHint(roughTime(seconds))}</p>
        </div>
      ) : (
        <div class="plan-choice">
          <p>{w.mode}</p>
          <Segments
            label={w.mode}
            value={settings.mode}
            options={modes.map((value) => ({ value, label: w.modes[value] }))}
            onChange={(mode) => set({ mode })}
          />
          <p class="hint">{w.modeHints[settings.mode]}</p>
        </div>
      )}
      <div class="plan-choice">
        <p>{w.promote}</p>
        <Segments
          label={w.promote}
          value={settings.promote}
          options={(["auto", "never"] as const).map((value) => ({ value, label: w.promotes[value] }))}
          onChange={(promote) => set({ promote })}
        />
      </div>
      {seconds === undefined && <MoreOptions {...{ settings, plan, frozen, refused, onChange }} />}
    </div>
  );
}

function MoreOptions({ settings, plan, frozen, refused, onChange }: OptionsFormProps) {
  const set = (change: Partial<Settings>): void => onChange({ ...settings, ...change });
  return (
    <details class="plan-more">
      <summary>{w.more}</summary>
      <p class="hint">{w.moreHint}</p>
      <div class="plan-fields">
        {numberNames
          .filter((name) => !(frozen && kFullOnly.includes(name)))
          .map((name) => (
            <NumberField key={name} name={name} settings={settings} plan={plan} refused={refused} onChange={set} />
          ))}
        {!frozen && <FreezeField settings={settings} onChange={set} />}
      </div>
      <Button icon="again" onClick={() => onChange(kDefaults)}>
        {w.reset}
      </Button>
    </details>
  );
}

const texts: Record<NumberName, { label: string; hint: string }> = {
  epochs: { label: w.epochs, hint: w.epochsHint },
  lr: { label: w.lr, hint: w.lrHint },
  replay: { label: w.replay, hint: w.replayHint },
  batch: { label: w.batch, hint: w.batchHint },
  distillation: { label: w.distillation, hint: w.distillationHint },
  seed: { label: w.seed, hint: w.seedHint },
};

// The value that the server chose.
function automaticValue(plan: Plan | undefined, name: NumberName): string {
  const value = name === "replay" ? plan?.replayed_images : plan?.[name];
  return value === undefined ? "" : w.auto(String(Number(value.toPrecision(3))));
}

interface FieldProps {
  settings: Settings;
  onChange: (change: Partial<Settings>) => void;
}

interface NumberFieldProps extends FieldProps {
  name: NumberName;
  plan: Plan | undefined;
  refused: RefusedOption | undefined;
}

function NumberField({ name, settings: { numbers }, plan, refused, onChange }: NumberFieldProps) {
  const { label, hint } = texts[name];
  const refusal = refused?.name === name ? refused.message(label) : undefined;
  return (
    <Field label={label} hint={hint} error={isInvalid(numbers[name]) ? w.notANumber : refusal}>
      {(id, describedBy) => (
        <input
          id={id}
          aria-describedby={describedBy}
          inputMode="decimal"
          autocomplete="off"
          placeholder={automaticValue(plan, name)}
          value={numbers[name]}
          onInput={(event) => onChange({ numbers: { ...numbers, [name]: event.currentTarget.value } })}
        />
      )}
    </Field>
  );
}

function FreezeField({ settings, onChange }: FieldProps) {
  return (
    <Field label={w.freeze} hint={w.freezeHint}>
      {(id) => (
        <Select
          id={id}
          value={settings.freeze}
          options={(["auto", "yes", "no"] as const).map((value) => ({ value, label: w.freezes[value] }))}
          onChange={(freeze) => onChange({ freeze })}
        />
      )}
    </Field>
  );
}
