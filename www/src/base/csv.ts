// Tables as text, as RFC 4180 has it.
export type Cell = string | number | null | undefined;

export function toCsv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

// Text that a spreadsheet would compute (=, +, -, @, tab, return in front) gets an apostrophe, as in the
// server's own exports; numbers stay numbers.
function field(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// A name for a file from words: "Answers, last hour" -> "answers-last-hour".
export const fileName = (words: string): string =>
  words
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, "-")
    .replace(/^-|-$/g, "") || "fovea";
