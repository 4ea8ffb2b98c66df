export const words = {
  take: {
    title: "Take it with you",
    formats: {
      html: {
        button: "Download one HTML file",
        use: "It opens with a double click, on a phone too, and needs neither a server nor a network.",
      },
      onnx: {
        button: "Download as ONNX",
        use: "For ONNX Runtime and other programs. The file describes how to prepare an image.",
      },
      safetensors: {
        button: "Download the model",
        use: "For another Fovea server, the command line or the JavaScript package (safetensors).",
      },
    },
  },
  version: (n: number) => `version ${n}`,
  activate: {
    title: (n: number) => `Activate version ${n}?`,
    text: (champion: string) =>
      `It handles all predictions from then on. ${champion} is kept, and you can roll back to it.`,
    watched: "The server monitors it for a while and rolls back automatically if it fails or is too slow.",
    reason: "Reason",
    reasonHint: "Optional. It is stored in the audit log.",
    yes: (n: number) => `Activate version ${n}`,
    done: (n: number) => `Version ${n} is active`,
    active: "The active version",
    old: (n: number) => `Version ${n}`,
  },
  rollBack: {
    // After a rollback, the previous version is the newer one.
    button: (n: number, newer: boolean) => (newer ? `Reactivate version ${n}` : `Roll back to version ${n}`),
    title: (n: number, newer: boolean) => (newer ? `Reactivate version ${n}?` : `Roll back to version ${n}?`),
    text: (n: number, champion: string) =>
      `Version ${n} was active before. The server tests it first, then activates it. ` +
      `Nothing is deleted: ${champion} can be activated again at any time.`,
    done: (n: number) => `Version ${n} is active again`,
    active: "the active version",
  },
} as const;
