// The training data: add, inspect and correct images.
import type { ViewProps } from "../../app/route_props.js";
import { go, href } from "../../app/router.js";
import { count } from "../../base/format.js";
import { useFileSource } from "../../components/file_drop.js";
import { Empty } from "../../components/placeholders.js";
import { Stat, Stats } from "../../components/stat.js";
import { Tabs } from "../../components/tabs.js";
import { toastError } from "../../components/toasts.js";
import { type Dataset, fetchDataset } from "../../net/dataset.js";
import { ServerError } from "../../net/errors.js";
import { planRetraining } from "../../net/jobs.js";
import { type Resource, useResource } from "../../net/resource.js";
import { fetchModel } from "../../net/service.js";
import { Loaded } from "../../shared/loaded.js";
import { AddImages } from "./add_images.js";
import { Classes } from "./classes.js";
import type { DataContext } from "./context.js";
import { ImageBrowser, readFilter } from "./image_browser.js";
import { LabelImages } from "./label_images.js";
import { words } from "./strings.js";
import { addFiles, upload } from "./upload_session.js";

const tabs = ["images", "classes", "label", "add"] as const;
type TabId = (typeof tabs)[number];
const kEvery = 15_000; // milliseconds; `fovea data` changes the data, too

export default function Data({ route }: ViewProps) {
  const sent = upload.value?.sentFiles;
  const dataset = useResource(fetchDataset, { keys: [sent], on: ["job"], every: kEvery });
  const model = useResource(async (stop) => (await fetchModel(stop)).classes, { on: ["model"] });
  const tab = tabs.find((id) => id === route.rest[0]) ?? (dataset.value?.total === 0 ? "add" : "images");
  const { handlers: _, input } = useFileSource({
    wholePage: true,
    onFiles: (found) => {
      addFiles(found)
        .then(() => go(href("data", ["add"])))
        .catch(toastError);
    },
  });
  const content = (value: Dataset) => {
    const context: DataContext = { dataset: value, modelClasses: model.value ?? [], onChange: dataset.reload };
    if (tab === "add") return <AddImages context={context} label={route.query.get("label") ?? ""} />;
    if (value.total === 0) return <NoImages />;
    if (tab === "label") return <LabelImages context={context} filter={readFilter(route.query)} />;
    return tab === "classes" ? <Classes context={context} /> : <ImageBrowser context={context} query={route.query} />;
  };
  return (
    <>
      <Loaded from={dataset}>
        {(value) => (
          <>
            {value.total > 0 && <DatasetStats dataset={value} model={model} />}
            <Tabs<TabId>
              label={words.tabList}
              tabs={tabs.map((id) => ({ id, label: words.tabs[id] }))}
              value={tab}
              onChange={(id) => go(href("data", [id]))}
            >
              {content(value)}
            </Tabs>
          </>
        )}
      </Loaded>
      {input}
    </>
  );
}

function DatasetStats({ dataset, model }: { dataset: Dataset; model: Resource<string[]> }) {
  const w = words.stats;
  const fresh = useResource(countNewImages, { keys: [dataset.revision], on: ["model"] });
  const known = model.value;
  const unknown = known && dataset.classes.filter(({ name }) => !known.includes(name)).length;
  return (
    <Stats label={w.label}>
      <Stat name={w.images} value={count(dataset.total)} detail={w.train(count(dataset.train))} />
      <Stat name={w.test} value={count(dataset.test)} detail={w.testDetail(count(dataset.val))} />
      <Stat
        name={w.classes}
        value={count(dataset.classes.length)}
        detail={unknown === undefined ? undefined : w.unknown(unknown)}
      />
      <Stat
        name={w.fresh}
        href={href("train")}
        value={fresh.value === undefined ? undefined : count(fresh.value)}
        detail={fresh.value === undefined ? undefined : fresh.value > 0 ? w.freshDetail : w.freshNone}
      />
    </Stats>
  );
}

// Training images that the active model was not trained on.
async function countNewImages(stop: AbortSignal): Promise<number> {
  try {
    return (await planRetraining({}, stop)).new_images;
  } catch (error) {
    if (error instanceof ServerError && error.status === 422) return 0; // there is nothing to retrain with
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
