// The icons by their meaning in this page. They are decorative; adjacent text carries the information.
import type { IconNode } from "lucide";
import {
  Activity,
  ArrowDown,
  ArrowUp,
  ArrowUpDown,
  Boxes,
  Camera,
  ChartSpline,
  Check,
  ChevronLeft,
  ChevronRight,
  ChevronsUpDown,
  CircleAlert,
  CircleCheck,
  CloudCheck,
  Contrast,
  Download,
  Ellipsis,
  FolderOpen,
  GraduationCap,
  History,
  Images,
  Info,
  KeyRound,
  LayoutDashboard,
  LayoutGrid,
  Lock,
  Moon,
  Pencil,
  Plus,
  RotateCcw,
  ScanEye,
  Search,
  Settings,
  Shapes,
  Sun,
  Table,
  Trash2,
  TriangleAlert,
  Upload,
  X,
} from "lucide";
import { h } from "preact";

const icons = {
  overview: LayoutDashboard,
  predict: ScanEye,
  history: History,
  data: Images,
  train: GraduationCap,
  models: Boxes,
  insights: ChartSpline,
  settings: Settings,
  more: Ellipsis,
  close: X,
  check: Check,
  good: CircleCheck,
  bad: CircleAlert,
  warning: TriangleAlert,
  info: Info,
  key: KeyRound,
  private: Lock,
  light: Sun,
  dark: Moon,
  system: Contrast,
  download: Download,
  upload: Upload,
  folder: FolderOpen,
  camera: Camera,
  delete: Trash2,
  search: Search,
  table: Table,
  chart: Activity,
  sort: ArrowUpDown,
  up: ArrowUp,
  down: ArrowDown,
  previous: ChevronLeft,
  next: ChevronRight,
  again: RotateCcw,
  offline: CloudCheck,
  make: Shapes,
  projects: LayoutGrid,
  choose: ChevronsUpDown,
  add: Plus,
  rename: Pencil,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof icons;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {(icons[name] as IconNode).map(([tag, attributes], i) => h(tag, { key: i, ...(attributes as object) }))}
    </svg>
  );
}
