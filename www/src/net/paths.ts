// Paths that the page and its service worker share.

export const kWeightsPath = "api/v1/model/weights";
