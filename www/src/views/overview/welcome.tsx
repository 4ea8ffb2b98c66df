// The two ways to begin on a server that was not used yet.
import { href } from "../../app/router.js";
import { Icon, type IconName } from "../../components/icon.js";
import { words } from "./strings.js";

const w = words.welcome;

export const Welcome = () => (
  <nav class="welcome" aria-label={w.title}>
    <Choice view="predict" icon="predict" title={w.demo} text={w.demoText} />
    <Choice view="make" icon="make" title={w.make} text={w.makeText} />
  </nav>
);

interface ChoiceProps {
  view: string;
  icon: IconName;
  title: string;
  text: string;
}

const Choice = ({ view, icon, title, text }: ChoiceProps) => (
  <a class={`welcome-choice to-${view}`} href={href(view)}>
    <Icon name={icon} size={34} />
    <strong>{title}</strong>
    <span>{text}</span>
  </a>
);
