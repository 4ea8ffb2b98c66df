#include <algorithm>
#include <cstdio>
#include <memory>

#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/data/import.h"
#include "server/dataset/download.h"
#include "server/dataset/known_datasets.h"
#include "tools/fovea/progress.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

struct Settings {
  std::string data_dir;
  std::string source;
  std::string name = kDefaultDataset;  // what the server trains on
  std::string published;               // which one to fetch
  std::string into;                    // where it goes; empty: a dataset of its own name
  server::KnownDataset from = server::known_dataset("cifar10");
  ImportOptions options;

  fs::path directory() const { return data_dir.empty() ? default_data_dir() : fs::path(data_dir); }
  fs::path folder() const {
    if (name == kDefaultDataset) rename_legacy_dataset(directory());
    return dataset_folder(directory(), name);
  }
};

void print_table(const DatasetIndex& index) {
  std::vector<std::array<long long, 3>> counts(index.classes.size() + 1);
  for (const ImageRecord& image : index.images) {
    const auto split = static_cast<std::size_t>(image.split);
    ++counts[std::size_t(image.label)][split];
    ++counts.back()[split];
  }
  std::size_t width = 5;
  for (const std::string& name : index.classes) width = std::max(width, name.size());
  std::printf("  %-*s %9s %9s %9s\n", int(width), "class", "train", "val", "test");
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string name = i < index.classes.size() ? index.classes[i] : "all";
    std::printf("  %-*s %9s %9s %9s\n", int(width), name.c_str(), grouped(counts[i][0]).c_str(),
                grouped(counts[i][1]).c_str(), grouped(counts[i][2]).c_str());
  }
}

void import_and_report(const Settings& settings, const fs::path& source) {
  ProgressBar bar("importing " + settings.name);
  ImportEvents events;
  events.progress = [&](std::int64_t files, double fraction) {
    bar.show(fraction, grouped(files) + " files");
  };
  events.file = [&](const FileResult& verdict) {
    if (verdict.kind != FileResult::Kind::rejected) return;
    bar.clear();
    std::fprintf(stderr, "rejected %s: %s\n", printable(verdict.file).c_str(),
                 printable(verdict.reason).c_str());
  };
  const ImportReport report = import_dataset(source, settings.folder(), settings.options, events);
  bar.clear();
  std::printf("%s: %s added, %s duplicates, %s rejected\n", settings.name.c_str(),
              grouped(report.added).c_str(), grouped(report.duplicates).c_str(),
              grouped(report.rejected).c_str());
  const Dataset dataset = Dataset::open(settings.folder());
  print_table(dataset.index());
  std::printf("  revision %s\n", dataset.revision().c_str());
}

void show(const Settings& settings) {
  const Dataset dataset = Dataset::open(settings.folder());
  std::printf("%s: %s images\n", settings.name.c_str(),
              grouped(static_cast<long long>(dataset.images().size())).c_str());
  print_table(dataset.index());
  std::printf("  revision %s\n", dataset.revision().c_str());
}

void list(const Settings& settings) {
  const std::vector<std::string> names = dataset_names(settings.directory());
  if (names.empty()) {
    std::printf("no datasets in %s; add one with: fovea data import FOLDER\n",
                settings.directory().c_str());
  }
  for (const std::string& name : names) {
    const Dataset dataset = Dataset::open(dataset_folder(settings.directory(), name));
    std::printf("%-20s %9s images %4zu classes  %.12s\n", name.c_str(),
                grouped(static_cast<long long>(dataset.images().size())).c_str(),
                dataset.classes().size(), dataset.revision().c_str());
  }
}

void fetch(const Settings& given) {
  Settings settings = given;
  settings.name = given.into.empty() ? given.published : given.into;
  const fs::path archive = settings.directory() / "downloads" / (settings.published + ".tar.gz");
  {
    ProgressBar bar("fetching " + settings.published);
    server::download({settings.from.url, settings.from.sha256, archive}, [&](long long bytes,
                                                                             long long total) {
      char text[64];
      std::snprintf(text, sizeof text, "%.1f of %.1f MB", double(bytes) / 1e6, double(total) / 1e6);
      bar.show(double(bytes) / double(total), text);
    });
  }
  import_and_report(settings, archive);
}

void add_import_options(Verb& verb, Settings& settings) {
  verb.option("--max-size", settings.options.max_size,
              "Reduce images whose shorter side is longer, pixels")
      .range(1, 4096)
      .show_default();
  verb.option("--val-fraction", settings.options.val_fraction,
              "Of train, when the source has train and no val")
      .range(0.0, 0.9)
      .show_default();
}

}  // namespace

void add_data(Verb& program) {
  const auto settings = std::make_shared<Settings>();
  Verb data = program.verb("data", "Import, fetch and look at datasets");
  data.needs_verb();
  const auto verb = [&](const char* name, const char* help, void (*run)(const Settings&)) {
    Verb sub = data.verb(name, help);
    sub.option("--data-dir", settings->data_dir,
               "Where datasets live (default: $FOVEA_DATA_DIR, or fovea in your data folder)");
    sub.action([settings, run] { run(*settings); });
    return sub;
  };

  Verb import = verb("import", "Add labelled images out of a folder or an archive",
                     [](const Settings& s) { import_and_report(s, s.source); });
  import
      .option("source", settings->source,
              "A folder, .tar, .tar.gz, .tar.xz or .zip of class/image or "
              "train|val|test/class/image")
      .required();
  import.option("--name", settings->name, "The dataset to create or add to").show_default();
  add_import_options(import, *settings);

  verb("list", "All datasets", list);
  verb("show", "Classes, splits and revision of one dataset", show)
      .option("name", settings->name, "The dataset")
      .required();

  Verb fetch_verb = verb("fetch", "Download a public dataset and import it", fetch);
  fetch_verb.option("dataset", settings->published, "Which one: cifar10")
      .required()
      .one_of({"cifar10"});
  fetch_verb.option("--name", settings->into,
                    "The dataset to create or add to (default: one of its own name)");
  fetch_verb.option("--url", settings->from.url, "Where from").show_default();
  fetch_verb.option("--sha256", settings->from.sha256, "What it must be").show_default();
  add_import_options(fetch_verb, *settings);
}

}  // namespace fovea::tools
