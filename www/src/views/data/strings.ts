import { images, listed, plural, quoted } from "../../base/plural.js";

const files = (n: number): string => plural(n, "file");
const have = (n: number): string => (n === 1 ? "has" : "have");
const names = (all: readonly string[]): string => listed(all.map(quoted));
const was = (n: number): string => (n === 1 ? "was" : "were");

export const words = {
  tabs: { images: "Images", classes: "Classes", label: "Label", add: "Add images" },
  tabList: "Training data",
  stats: {
    label: "Training data at a glance",
    images: "Images",
    train: (n: string) => `${n} in the training split`,
    fresh: "New images",
    freshDetail: "not yet used to train the active model",
    freshNone: "the active model was trained on all images",
    classes: "Classes",
    unknown: (n: number) => (n === 0 ? "the active model has them all" : `${n} not in the active model`),
    test: "Test split",
    testDetail: (val: string) => `and ${val} in the validation split`,
  },
  empty: {
    title: "No training images yet",
    text: "Add images of the classes that you want to add or improve. About 50 images per class are a good start.",
    add: "Add images",
  },
  splits: {
    title: "Training, validation and test images",
    names: { train: "training", val: "validation", test: "test" },
    marks: { train: "", val: "val", test: "test" },
    text: [
      "About eight of ten images of a class are used for training, one for validation and one for testing.",
      "Validation images guide the training. Test images only measure the result, " +
        "because accuracy is meaningful only on images that the model has never seen.",
      "The split of an image is determined once, from its content, and never changes, " +
        "not even if the image is deleted and added again. So no model is tested on an image it was trained on.",
    ],
  },
  add: {
    title: "Add images",
    hint:
      "Images of one class, a folder with a subfolder for each class, or a zip or tar archive of such folders. " +
      "JPEG, PNG, WebP, GIF and BMP.",
    touchHint: "Photos of one class, or a zip archive of classes.",
    staged: (n: number, size: string) => `${images(n)}, ${size}`,
    stagedFiles: (n: number, size: string) => `${files(n)}, ${size}`,
    others: "Choose others",
    labels: "Labels",
    labelling: { one: "One class for all", folders: "Folder names" },
    label: "Class",
    labelHint: "An existing class or a new one.",
    archiveLabels: (name: string) => `The folders in ${name} are the classes.`,
    noFolder: "no class: the file is in no class folder",
    skipped: (n: number, why: string) => `${files(n)} ${n === 1 ? "is" : "are"} skipped: ${why}.`,
    moreClasses: (n: number) => `and ${plural(n, "more class", "more classes")}`,
    noLabel: "Enter the class of the images.",
    send: (n: number, label: string) => `Add ${images(n)} as ${label}`,
    sendFolders: (n: number, classes: number) => `Add ${images(n)} in ${plural(classes, "class", "classes")}`,
    sendArchives: (n: number, name: string) =>
      n === 1 ? `Add the images in ${name}` : `Add the images in ${n} archives`,
    sendMixed: (n: number) => `Add ${files(n)}`,
    sending: "Uploading",
    progress: (done: string, all: string) => `${done} of ${all}`,
  },
  report: {
    done: "Done",
    canceled: "Canceled",
    failed: "The upload failed",
    refused: "More than half of the files were rejected",
    refusedText: "So the others were not added, either. The table below has the reasons.",
    keep: (n: number) => `Add the other ${images(n)}`,
    added: (n: number) => `${images(n)} added`,
    duplicates: (n: number) => `${plural(n, "duplicate")} skipped`,
    rejected: (n: number) => `${files(n)} rejected`,
    none: "No images were added.",
    notSent: (n: number) => `${files(n)} ${was(n)} not sent. Images that were added are kept.`,
    duplicateHint: "Images that are already in the training data are skipped. They keep their label.",
    undo: "Undo this upload",
    resume: "Send the rest",
    show: "Show them",
    train: "Retrain with them",
    more: "Add more",
    skipped: "Files that were not added",
    file: "File",
    verdict: "Result",
    label: "Class",
    reason: "Reason",
    verdicts: { added: "added", duplicate: "duplicate", rejected: "rejected", usable: "not added" } as Record<
      string,
      string
    >,
    all: (n: string) => `All files and their results (${n})`,
  },
  cifar10: {
    title: "Training data of the bundled model",
    text: [
      "CIFAR-10 is a public dataset of 60,000 small photos in ten classes.",
      "With the original training images, a retraining can replay them together with the new ones: " +
        "the whole network is trained, and forgetting is measured on real images. Without them, only the last layer " +
        "is trained, and stored feature statistics replace the original images.",
    ],
    download: "Download CIFAR-10",
    downloading: "Downloading CIFAR-10",
    queued: "queued",
    downloaded: (done: string, all: string) => `${done} of ${all}`,
    importing: (n: string) => `importing, ${n} images`,
    done: (added: number, duplicates: number) =>
      `Done: ${images(added)} added, ${plural(duplicates, "duplicate")} skipped.`,
    canceled: "Canceled. The next attempt continues with the downloaded part.",
    failed: "The download failed",
    resume: "Try again",
  },
  export: {
    title: "Export",
    text:
      "All training images in one zip archive: a folder for each class, and a list of the splits. " +
      "Fovea can import it again.",
    zip: "Download as zip",
  },
  classes: {
    chart: "Images per class",
    ends: (n: number) => `The chart shows the ${n} largest and the ${n} smallest; the table has all.`,
    none: "There are no classes yet.",
    single: (name: string, n: number) => `There is one class, ${quoted(name)}, with ${images(n)}.`,
    even: (classes: number, n: number) => `There are ${classes} classes with ${images(n)} each.`,
    sentence: (classes: number, most: string, mostN: string, least: string, leastN: string) =>
      `There are ${classes} classes. The largest is ${quoted(most)} (${mostN} images), the smallest ${quoted(least)} (${leastN}).`,
    class: "Class",
    images: "images",
    title: "Classes",
    all: "All",
    splits: { train: "Training", val: "Validation", test: "Test" },
    known: "In the active model",
    knows: "yes",
    unknown: "no",
    change: "Actions",
    show: "Show",
    showLabel: (name: string) => `Show the images of ${name}`,
    rename: "Rename or merge",
    renameLabel: (name: string) => `Rename or merge ${name}`,
    deleteLabel: (name: string) => `Delete ${name}`,
  },
  rename: {
    title: (name: string) => `Rename ${name}`,
    label: "New name",
    hint: "Enter the name of another class to merge the two.",
    rename: (name: string) => `Rename to ${name}`,
    merge: (name: string) => `Merge into ${name}`,
    nothing: "Rename",
    merging: (from: string, fromN: number, to: string, toN: number) =>
      `The class ${quoted(to)} exists, with ${images(toN)}. The ${images(fromN)} of ${quoted(from)} will be added to it.`,
    known: (name: string) =>
      `The active model still calls this class ${quoted(name)}. At the next retraining, the new name becomes a new class.`,
    renamed: (from: string, to: string) => `${quoted(from)} was renamed to ${quoted(to)}`,
    merged: (from: string, to: string) => `${quoted(from)} was merged into ${quoted(to)}`,
  },
  deleteClass: {
    title: (name: string) => `Delete the class ${quoted(name)}?`,
    text: (n: number) => `Its ${images(n)} will be deleted from the training data. Models do not change.`,
    yes: (name: string) => `Delete ${quoted(name)}`,
    done: (name: string, n: number) => `${quoted(name)} was deleted with ${images(n)}`,
    tooMany: (most: number) => `A class of more than ${most} images can only be deleted in parts, in the tab Images.`,
  },
  warnings: {
    title: "Warnings",
    lookAlike: (all: readonly string[]) => `${names(all)} look alike. If they mean the same, merge them.`,
    good: "No warnings: every class has training and test images.",
    fewTrain: (all: readonly string[], least: number, good: number) =>
      `${names(all)} ${have(all.length)} fewer than ${least} training images. ` +
      `This is rarely enough; use ${good} or more.`,
    noTest: (all: readonly string[]) =>
      `${names(all)} ${have(all.length)} no test images, so ${all.length === 1 ? "its" : "their"} recall ` +
      "cannot be measured. Some of the images that you add will become test images.",
    fewTest: (all: readonly string[], least: number) =>
      `${names(all)} ${have(all.length)} fewer than ${least} test images, too few to evaluate a new class. ` +
      "Some of the images that you add will become test images.",
    uneven: (most: string, times: string, least: string) =>
      `${quoted(most)} has ${times} times as many training images as ${quoted(least)}. ` +
      `Rare classes are recognised less often; add images of ${quoted(least)}.`,
    duplicates: (n: number) => `In the last upload, ${plural(n, "duplicate")} ${was(n)} skipped.`,
    addTo: (name: string) => `Add images of ${name}`,
  },
  filter: {
    byKeyboard: "Label by keyboard",
    label: "Filters",
    class: "Class",
    anyClass: "All classes",
    split: "Split",
    anySplit: "All splits",
    source: "Source",
    anySource: "All sources",
    sources: { upload: "upload", correction: "labelled prediction", import: "import" },
    search: "Search",
    searchHint: "File name",
    found: images,
    none: "No images match these filters.",
    clear: "Show all images",
  },
  grid: {
    label: "Training images",
    // Begins with the visible text, so that users of speech control can name the cell.
    name: (label: string, mark: string, split: string, file: string) =>
      `${label}${mark === "" ? "" : ` ${mark}`}, ${split}, ${file}`,
    loading: "loading",
    mark: "Add to or remove from the selection",
    hint:
      "Click an image to select it, or its corner to select several; Shift selects a range. " +
      "A double click opens the image.",
  },
  selection: {
    label: "Selected images",
    count: (n: number) => `${images(n)} selected`,
    all: (n: string) => `Select all ${n}`,
    none: "Clear the selection",
    open: "Show",
    relabel: "Change label",
    delete: "Delete",
    loading: "Loading the selected images",
    relabelTitle: (n: number) => (n === 1 ? "What does this image show?" : `What do these ${images(n)} show?`),
    relabelHint: "The images keep their splits.",
    relabelYes: (n: number, label: string) => `Label ${images(n)} as ${label}`,
    relabelled: (n: number, label: string) => `${images(n)} labelled as ${label}`,
    deleteTitle: (n: number) => `Delete ${images(n)}?`,
    deleteYes: (n: number) => `Delete ${images(n)}`,
    deleteText: "They are deleted from the training data. Models that were trained on them do not change.",
    deleted: (n: number) => `${images(n)} deleted`,
    missing: (n: number) => `${images(n)} ${was(n)} no longer in the training data`,
  },
  undo: {
    undo: "Undo",
    relabelled: (n: number) => `${images(n)} ${n === 1 ? "has its" : "have their"} earlier label again`,
    renamed: (from: string, to: string, n: number) => `${quoted(from)} is called ${quoted(to)} again (${images(n)})`,
    restored: (n: number) => `${images(n)} restored`,
    uploaded: (n: number) => `The upload was undone: ${images(n)} deleted`,
    tooMany: (most: number) => `This cannot be undone, because there are more than ${most}.`,
  },
  labelling: {
    title: "Label images by keyboard",
    none: "No images match these filters.",
    noMore: "There are no more images.",
    toImages: "Show the images",
    place: (n: string, all: string, file: string, label: string) => `Image ${n} of ${all}, ${file}: “${label}”`,
    progress: (done: number, left: number) =>
      `${images(done)} done, ${left === 0 ? "all saved" : `${plural(left, "label")} being saved`}.`,
    classes: "Classes and their keys",
    other: "Another class",
    use: "Use it",
    accept: "Keep",
    enterKey: "Enter",
    undo: "Undo",
    previous: "Previous image",
    next: "Next image",
    allDone: "All images are done.",
    more: "Load the next images",
    hint: "Digits choose the class, Enter keeps it, arrows move, U takes back.",
  },
  details: {
    title: "Training image",
    class: "Class",
    split: "Split",
    source: "Source",
    file: "File",
    size: "Size",
    sizeOf: (w: number, h: number) => `${w} × ${h} pixels`,
    added: "Added",
    hash: "SHA-256",
    previous: "Previous image",
    next: "Next image",
    place: (n: string, all: string) => `${n} of ${all}`,
    relabel: "Change label",
    delete: "Delete",
  },
  label: {
    tooLong: (n: number) => `${n} characters; class names have at most 64.`,
    new: "new class",
    known: "Existing classes",
    placeholder: "for example: three",
  },
} as const;
