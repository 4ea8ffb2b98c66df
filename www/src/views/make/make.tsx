// Makes a classifier: name it, add images of each class, train, and try it in the page. The images are stored on the
// server, or they stay in the page (local/).
import type { ViewProps } from "../../app/route_props.js";
import { isDefaultProject } from "../../net/project.js";
import { Classes } from "./classes.js";
import { LocalWorkshop } from "./local/local_workshop.js";
import { kLocal, NameForm } from "./name_form.js";
import { Preview } from "./preview.js";
import { TrainCard } from "./train_card.js";
import { useClasses } from "./use_classes.js";

export default function Make({ route }: ViewProps) {
  if (!isDefaultProject()) return <Workshop />;
  return route.rest[0] === kLocal ? <LocalWorkshop /> : <NameForm />;
}

function Workshop() {
  const classes = useClasses();
  return (
    <div class="make">
      <Classes classes={classes} />
      <div class="make-beside">
        <TrainCard classes={classes.sizes} />
        <Preview />
      </div>
    </div>
  );
}
