// Programs that classify one image with this server.

export interface Target {
  address: string; // of the path for predictions: "http://host:8080/api/v1/predict"
  classes: readonly string[];
  token: boolean; // the server requires one
}

export const languages = ["curl", "python", "javascript"] as const;
export type Language = (typeof languages)[number];

const kClasses = 12; // named in a comment

// Class names as JSON, which is valid in Python and JavaScript, too. A name may contain quotes and backslashes.
function classList(classes: readonly string[]): string {
  const shown = classes.slice(0, kClasses).map((name) => JSON.stringify(name));
  return `${shown.join(", ")}${classes.length > kClasses ? `, ... (${classes.length} classes)` : ""}`;
}

// In single quotes of a shell.
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function snippet(language: Language, { address, classes, token }: Target): string {
  const names = classList(classes);
  switch (language) {
    case "curl":
      return [
        `# "label" of the answer is one of: ${names}`,
        `curl ${token ? '-H "Authorization: Bearer $FOVEA_TOKEN" ' : ""}-F file=@photo.jpg ${quoted(address)}`,
      ].join("\n");
    case "python":
      return [
        "# pip install httpx",
        ...(token ? ["import os"] : []),
        "import httpx",
        "",
        ...(token ? [`headers = {"Authorization": "Bearer " + os.environ["FOVEA_TOKEN"]}`] : []),
        `with open("photo.jpg", "rb") as image:`,
        `    answer = httpx.post(${JSON.stringify(address)}, files={"file": image}${token ? ", headers=headers" : ""})`,
        `result = answer.raise_for_status().json()["results"][0]`,
        `print(result["label"], result["probability"])  # one of: ${names}`,
      ].join("\n");
    case "javascript":
      return [
        "const form = new FormData();",
        `form.append("file", photo); // a File or Blob`,
        ...(token ? ['const headers = { Authorization: "Bearer " + token };'] : []),
        `const answer = await fetch(${JSON.stringify(address)}, { method: "POST", body: form${token ? ", headers" : ""} });`,
        "const { results } = await answer.json();",
        `console.log(results[0].label, results[0].probability); // one of: ${names}`,
      ].join("\n");
  }
}
