// Makes a classifier: name it, add images of each class, train, and try it in the page.
import { isDefaultProject } from "../../net/project.js";
import { Classes } from "./classes.js";
import { NameForm } from "./name_form.js";
import { Preview } from "./preview.js";
import { TrainCard } from "./train_card.js";
import { useClasses } from "./use_classes.js";

export default function Make() {
  return isDefaultProject() ? <NameForm /> : <Workshop />;
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
