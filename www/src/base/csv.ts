// CSV as in RFC 4180.
export type Cell = string | number | null | undefined;

export function toCsv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return `${[columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}

// Text that a spreadsheet would evaluate as a formula (leading =, +, -, @, tab or return) gets an apostrophe, as in
// the server's exports. Numbers stay unchanged.
function field(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// A file name for a title: "Predictions, last hour" -> "predictions-last-hour".
export const fileName = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, "-")
    .replace(/^-|-$/g, "") || "fovea";
