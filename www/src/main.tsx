import { render } from "preact";
import { watchRefusals } from "./app/access.js";
import { followAddress } from "./app/router.js";
import { Shell } from "./app/shell.js";
import { applyTheme } from "./app/theme.js";
import { keepListening } from "./net/live.js";
import { keepForOffline } from "./offline/offline.js";

applyTheme();
followAddress();
watchRefusals();
const logo = document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? "";
const app = document.getElementById("app");
if (app !== null) render(<Shell logo={logo} />, app);
void keepListening();
keepForOffline();
