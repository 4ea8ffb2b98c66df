export const words = {
  version: (n: number) => `version ${n}`,
  promote: {
    title: (n: number) => `Put version ${n} into service?`,
    text: (champion: string) => `It answers every question from then on. ${champion} stays at hand and can come back with one click.`,
    watched: "The server watches it for a while and goes back by itself should it fail or be slow.",
    reason: "Why",
    reasonHint: "It is kept in the record, for whoever looks later. You may leave it empty.",
    yes: (n: number) => `Put version ${n} into service`,
    done: (n: number) => `Version ${n} is in service`,
    theOld: "The version that answers now",
    old: (n: number) => `Version ${n}`,
  },
  rollBack: {
    // A version that was rolled back from is a newer one: to it is no way back.
    button: (n: number, newer: boolean) => (newer ? `Put version ${n} back into service` : `Roll back to version ${n}`),
    title: (n: number, newer: boolean) => (newer ? `Put version ${n} back into service?` : `Go back to version ${n}?`),
    text: (n: number, champion: string) => `Version ${n} answered before. It is tried first and then answers again; nothing is lost, and ${champion} can be put into service again at any time.`,
    yes: (n: number, newer: boolean) => (newer ? `Put version ${n} back into service` : `Roll back to version ${n}`),
    done: (n: number) => `Version ${n} is back in service`,
    theNew: "the version that answers now",
  },
} as const;
