import { computed } from "@preact/signals";
import { render } from "preact";
import { watchRefusals } from "./app/access.js";
import { followAddress } from "./app/router.js";
import { status } from "./app/service_status.js";
import { words } from "./base/strings.js";
import { applyTheme } from "./components/theme.js";
import { toast } from "./components/toasts.js";
import { keepListening } from "./net/live.js";
import { isDefaultProject } from "./net/project.js";
import { keepForOffline } from "./offline/offline.js";
import { announceEnds } from "./shell/job_end.js";
import { Shell } from "./shell/shell.js";

applyTheme();
followAddress();
watchRefusals();
const logo = document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? "";
const app = document.getElementById("app");
if (app !== null) render(<Shell logo={logo} />, app);
announceEnds();
void keepListening();
keepForOffline({
  servedWeights: computed(() => (isDefaultProject() ? status.value?.value?.model?.weights_sha256 : undefined)),
  onNewPage: () =>
    toast({
      text: words.offline.newPage,
      action: { label: words.offline.reload, run: () => location.reload() },
    }),
});
