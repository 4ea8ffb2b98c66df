// Saving of files that were made in the page.

export function saveBlob(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}

export const saveText = (text: string, name: string, type = "text/csv"): void =>
  saveBlob(new Blob([text], { type: `${type};charset=utf-8` }), name);
