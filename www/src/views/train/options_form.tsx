// The settings of a retraining, each with what it means. All may stay as they are.
import type { Plan } from "../../net/jobs.js";
import { Button } from "../../components/button.js";
import { Field, Segments, Select } from "../../components/field.js";
import { type Mode, type NumberName, type Settings, isWrong, kDefaults, kFullOnly, numberNames, refusedSetting } from "./options.js";
import { words } from "./strings.js";

export interface OptionsFormProps {
  settings: Settings;
  plan: Plan | undefined;
  frozen: boolean;
  refused?: ReturnType<typeof refusedSetting>; // told beside its field
  onChange: (settings: Settings) => void;
}

const w = words.options;
const names: Record<NumberName, [label: string, hint: string]> = {
  epochs: [w.epochs, w.epochsHint],
  lr: [w.lr, w.lrHint],
  replay: [w.replay, w.replayHint],
  batch: [w.batch, w.batchHint],
  distillation: [w.distillation, w.distillationHint],
  seed: [w.seed, w.seedHint],
};

// What the program chose, rounded as people write it.
function chosen(plan: Plan | undefined, name: NumberName): string {
  const value = plan && { epochs: plan.epochs, lr: plan.lr, replay: plan.replayed_images, batch: plan.batch, distillation: plan.distillation, seed: plan.seed }[name];
  return value === undefined ? "" : w.auto(String(Number(value.toPrecision(3))));
}

export function OptionsForm({ settings, plan, frozen, refused, onChange }: OptionsFormProps) {
  const set = (change: Partial<Settings>): void => onChange({ ...settings, ...change });
  const modes: Mode[] = ["auto", "frozen", "full"];
  const shown = numberNames.filter((name) => !(frozen && kFullOnly.includes(name)));
  return (
    <div class="plan-options">
      <div class="plan-choice">
        <p>{w.mode}</p>
        <Segments label={w.mode} value={settings.mode} options={modes.map((value) => ({ value, label: w.modes[value] }))} onChange={(mode) => set({ mode })} />
        <p class="hint">{w.modeHints[settings.mode]}</p>
      </div>
      <div class="plan-choice">
        <p>{w.promote}</p>
        <Segments
          label={w.promote}
          value={settings.promote}
          options={(["auto", "never"] as const).map((value) => ({ value, label: w.promotes[value] }))}
          onChange={(promote) => set({ promote })}
        />
      </div>
      <details class="plan-more">
        <summary>{w.more}</summary>
        <p class="hint">{w.moreHint}</p>
        <div class="plan-fields">
          {shown.map((name) => (
            <Field key={name} label={names[name][0]} hint={names[name][1]} error={isWrong(settings.numbers[name]) ? w.notANumber : refused?.name === name ? w.refused(names[name][0], refused.value, refused.why) : undefined}>
              {(id, told) => (
                <input
                  id={id}
                  aria-describedby={told}
                  inputMode="decimal"
                  autocomplete="off"
                  placeholder={chosen(plan, name)}
                  value={settings.numbers[name]}
                  onInput={(event) => set({ numbers: { ...settings.numbers, [name]: event.currentTarget.value } })}
                />
              )}
            </Field>
          ))}
          {!frozen && (
            <Field label={w.freeze} hint={w.freezeHint}>
              {(id) => (
                <Select
                  id={id}
                  value={settings.freeze}
                  options={(["auto", "yes", "no"] as const).map((value) => ({ value, label: w.freezes[value] }))}
                  onChange={(freeze) => set({ freeze })}
                />
              )}
            </Field>
          )}
        </div>
        <Button icon="again" onClick={() => onChange(kDefaults)}>
          {w.reset}
        </Button>
      </details>
    </div>
  );
}
