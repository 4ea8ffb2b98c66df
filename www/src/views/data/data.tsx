// What the model learns from: bringing it in, looking at it, putting it right.
import type { ViewProps } from "../../app/route_props.js";
import { go, href } from "../../app/router.js";
import { Loaded } from "../../shared/loaded.js";
import { count } from "../../base/format.js";
import { getJson } from "../../net/api.js";
import { type Dataset, fetchDataset } from "../../net/dataset.js";
import { ServerError } from "../../net/errors.js";
import { planRetraining } from "../../net/jobs.js";
import { type Resource, useResource } from "../../net/resource.js";
import { useFileSource } from "../../components/file_drop.js";
import { Empty } from "../../components/placeholders.js";
import { Stat, Stats } from "../../components/stat.js";
import { Tabs } from "../../components/tabs.js";
import { Add } from "./add.js";
import { Classes } from "./classes.js";
import { Images } from "./images.js";
import { words } from "./strings.js";
import { choose, upload } from "./upload_session.js";

const tabs = ["images", "classes", "add"] as const;
type TabId = (typeof tabs)[number];
const kEvery = 15_000; // milliseconds; a command may add images too

export default function Data({ route }: ViewProps) {
  const sent = upload.value?.sent;
  const dataset = useResource(fetchDataset, { keys: [sent], on: ["job"], every: kEvery });
  const model = useResource(async (stop) => (await getJson<{ classes: string[] }>("api/v1/model", stop)).classes, { on: ["model"] });
  const tab = tabs.find((id) => id === route.rest[0]) ?? (dataset.value?.total === 0 ? "add" : "images");
  const { handlers: _, input } = useFileSource({
    wholePage: true,
    onFiles: (found) => {
      choose(found);
      go(href("data", ["add"]));
    },
  });
  return (
    <>
      <Loaded from={dataset}>
        {(value) => {
          const known = { dataset: value, modelClasses: model.value ?? [], onChange: dataset.reload };
          return (
            <>
              {value.total > 0 && <Glance dataset={value} model={model} />}
              <Tabs<TabId>
                label={words.tabs.label}
                tabs={tabs.map((id) => ({ id, label: words.tabs[id] }))}
                value={tab}
                onChange={(id) => go(href("data", [id]))}
              >
                {tab === "add" ? (
                  <Add known={known} label={route.query.get("label") ?? ""} />
                ) : value.total === 0 ? (
                  <NoImages />
                ) : tab === "classes" ? (
                  <Classes known={known} />
                ) : (
                  <Images known={known} query={route.query} />
                )}
              </Tabs>
            </>
          );
        }}
      </Loaded>
      {input}
    </>
  );
}

function Glance({ dataset, model }: { dataset: Dataset; model: Resource<string[]> }) {
  const w = words.stats;
  const fresh = useResource((_stop) => countFresh(), { keys: [dataset.revision], on: ["model"] });
  const unknown = model.value && dataset.classes.filter(({ name }) => !model.value!.includes(name)).length;
  return (
    <Stats label={w.label}>
      <Stat name={w.images} value={count(dataset.total)} detail={w.learn(count(dataset.train))} />
      <Stat name={w.test} value={count(dataset.test)} detail={w.testDetail(count(dataset.val))} />
      <Stat name={w.classes} value={count(dataset.classes.length)} detail={unknown === undefined ? undefined : w.unknown(unknown)} />
      <Stat
        name={w.fresh}
        href={href("train")}
        value={fresh.value === undefined ? undefined : count(fresh.value)}
        detail={fresh.value === undefined ? undefined : fresh.value > 0 ? w.freshDetail : w.freshNone}
      />
    </Stats>
  );
}

// Training images that the model in service has not learned from.
async function countFresh(): Promise<number> {
  try {
    return (await planRetraining({})).new_images;
  } catch (error) {
    if (error instanceof ServerError && error.status === 422) return 0; // nothing new to learn
    throw error;
  }
}

const NoImages = () => (
  <Empty icon="data" title={words.empty.title}>
    <p>{words.empty.text}</p>
    <a class="button primary" href={href("data", ["add"])}>
      {words.empty.add}
    </a>
  </Empty>
);
