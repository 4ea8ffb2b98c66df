#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "engine/core/error.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/data/dataset_repair.h"
#include "engine/data/file_names.h"
#include "engine/data/import.h"
#include "server/backup/repair.h"
#include "server/dataset/download.h"
#include "server/dataset/known_datasets.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/progress.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

struct Settings {
  ProjectDir project;
  std::string source;
  std::string name = kDefaultDataset;  // the dataset that the server trains on
  std::string public_dataset;          // to fetch
  std::string fetch_into;              // dataset to import it into; empty: of the same name
  server::KnownDataset download = server::known_dataset("cifar10");
  ImportOptions options;
  std::string repaired;         // dataset to repair; empty: the records and all datasets
  bool shared_records = false;  // in PostgreSQL
  int max_megapixels = kDefaultMegapixels;

  fs::path directory() const { return project.path(); }
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
  fmt::print("  {:<{}} {:>9} {:>9} {:>9}\n", "class", width, "train", "val", "test");
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string name = i < index.classes.size() ? index.classes[i] : "total";
    fmt::print("  {:<{}} {:>9} {:>9} {:>9}\n", name, width, server::counted(counts[i][0]),
               server::counted(counts[i][1]), server::counted(counts[i][2]));
  }
}

void print_problem(const FileResult& file) {
  const char* kind = file.kind == FileResult::Kind::rejected ? "rejected" : "duplicate";
  fmt::print(stderr, "{} {}: {}\n", kind, printable(escape_bytes(file.file)),
             printable(escape_bytes(file.reason)));
}

// What the user has to know beside the counts: rejected files, and images in two classes.
void print_problems(const std::vector<FileResult>& problems, const ImportReport& report) {
  if (2 * report.rejected > report.files) {
    fmt::print(stderr, "{} of {} were rejected, which is more than half{}\n",
               server::counted(report.rejected), server::counted(report.files, "file"),
               report.refused ? ", so nothing was imported" : "");
  }
  for (const FileResult& file : problems) print_problem(file);
  for (const auto& [a, b] : report.look_alikes) {
    fmt::print(stderr, "the classes \"{}\" and \"{}\" look alike; are they the same?\n", a, b);
  }
}

void import_and_report(Settings settings, const fs::path& source) {
  use_max_megapixels(settings.max_megapixels);
  settings.options.limits = {};
  ProgressBar bar("importing " + settings.name);
  ImportEvents events;
  events.progress = [&](std::int64_t files, double fraction) {
    bar.show(fraction, server::counted(files) + " files");
  };
  std::vector<FileResult> problems;
  events.file = [&](const FileResult& file) {
    if (file.kind == FileResult::Kind::rejected || file.conflict) problems.push_back(file);
  };
  ImportReport report;
  try {
    report = import_dataset(source, settings.folder(), settings.options, events);
  } catch (const FormatError&) {
    bar.clear();
    for (const FileResult& file : problems) print_problem(file);
    throw;
  }
  bar.clear();
  print_problems(problems, report);
  if (report.refused) {
    throw FormatError(fmt::format("nothing was imported; import the other {} with --partial",
                                  server::counted(report.files - report.rejected, "file")));
  }
  fmt::print("{}: {} added, {}, {} rejected{}\n", settings.name, server::counted(report.added),
             server::counted(report.duplicates, "duplicate"), server::counted(report.rejected),
             report.added == 0 ? "; nothing changed" : "");
  const Dataset dataset = Dataset::open(settings.folder());
  print_table(dataset.index());
  fmt::print("  revision {}\n", dataset.revision());
}

void show(const Settings& settings) {
  if (settings.name == kDefaultDataset) rename_legacy_dataset(settings.directory());
  const Dataset dataset = open_dataset(settings.directory(), settings.name);
  fmt::print("{}: {}\n", settings.name,
             server::counted(static_cast<std::int64_t>(dataset.images().size()), "image"));
  print_table(dataset.index());
  fmt::print("  revision {}\n", dataset.revision());
}

void list(const Settings& settings) {
  const std::vector<std::string> names = dataset_names(settings.directory());
  if (names.empty()) {
    fmt::print("There are no datasets in {}. Add one with: fovea data import FOLDER\n",
               settings.directory().string());
  }
  for (const std::string& name : names) {
    const Dataset dataset = Dataset::open(dataset_folder(settings.directory(), name));
    fmt::print("{:<20} {:>9} images {:>4} classes  {:.12}\n", name,
               server::counted(static_cast<std::int64_t>(dataset.images().size())),
               dataset.classes().size(), dataset.revision());
  }
}

void fetch(const Settings& arguments) {
  Settings settings = arguments;
  settings.name = arguments.fetch_into.empty() ? arguments.public_dataset : arguments.fetch_into;
  const fs::path archive =
      settings.directory() / "downloads" / (settings.public_dataset + ".tar.gz");
  {
    ProgressBar bar("downloading " + settings.public_dataset);
    server::download(
        {settings.download.url, settings.download.sha256, archive},
        [&](long long bytes, long long total) {
          bar.show(double(bytes) / double(total),
                   fmt::format("{:.1f} of {:.1f} MB", double(bytes) / 1e6, double(total) / 1e6));
        });
  }
  import_and_report(settings, archive);
}

void repair_one(const fs::path& folder) {
  const RepairReport report = repair_dataset(folder, std::chrono::seconds(10));
  const std::string name = folder.filename().string();
  const std::string count = server::counted(report.images, "image");
  if (!report.damaged) {
    fmt::print("{}: not damaged, {}\n", name, count);
    return;
  }
  fmt::print(
      "{}: {}, from {}\n", name, count,
      report.source.empty() ? "nothing: neither index nor index.copy can be read" : report.source);
  for (const std::string& file : report.lost) {
    fmt::print("  lost, its pixels do not exist: {}\n", printable(escape_bytes(file)));
  }
  if (!report.set_aside.empty()) {
    fmt::print("  {} of pixels without an entry are in {}\n",
               fmt::format("{:.1f} MB", double(report.set_aside_bytes) / 1e6),
               report.set_aside.string());
  }
}

void repair_all_records(const Settings& settings) {
  const server::RecordsReport report = server::repair_records(settings.directory());
  if (report.problem.empty()) {
    fmt::print("records: not damaged\n");
    return;
  }
  fmt::print("records: {}\n  registered {} from the model files; version {} is active\n",
             report.problem, server::counted(report.versions, "version"), report.active);
  if (!report.set_aside.empty()) {
    fmt::print("  the previous database is in {}\n", report.set_aside.string());
  }
}

// The records and all datasets, or one dataset.
void repair(const Settings& settings) {
  if (!settings.repaired.empty()) {
    repair_one(dataset_folder(settings.directory(), settings.repaired));
    return;
  }
  if (!settings.shared_records) repair_all_records(settings);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(settings.directory() / "datasets", error)) {
    if (entry.is_directory()) repair_one(entry.path());
  }
}

void check(const Settings& settings) {
  const std::vector<std::string> problems = server::check_data_dir(settings.directory());
  for (const std::string& problem : problems) fmt::print("{}\n", problem);
  if (!problems.empty()) {
    throw FormatError(server::counted(static_cast<std::int64_t>(problems.size()), "problem") +
                      " in " + settings.directory().string() + "; see fovea data repair");
  }
  fmt::print("no damage in {}\n", settings.directory().string());
}

void add_import_options(Verb& verb, Settings& settings) {
  verb.option("--max-size", settings.options.max_size,
              "Scale images down until their shorter side has at most this many pixels")
      .value_name("PIXELS")
      .range(1, 4096)
      .show_default();
  verb.option("--val-fraction", settings.options.val_fraction,
              "Fraction of the training images used for validation if the source has a train split "
              "but no val split")
      .value_name("FRACTION")
      .range(0.0, 0.9)
      .show_default();
  verb.flag("--partial", settings.options.partial,
            "Import the usable files even if more than half of the files are rejected");
  add_max_megapixels(verb, settings.max_megapixels);
}

}  // namespace

void add_data(Verb& program) {
  const auto settings = std::make_shared<Settings>();
  Verb data = program.verb("data", "Import, download and list datasets");
  data.needs_verb();
  const auto verb = [&](const char* name, const char* help, void (*run)(const Settings&)) {
    Verb sub = data.verb(name, help);
    add_project_dir(sub, settings->project);
    sub.action([settings, run] { run(*settings); });
    return sub;
  };

  Verb import = verb("import", "Add labelled images from a folder or an archive",
                     [](const Settings& s) { import_and_report(s, s.source); });
  import
      .option("source", settings->source,
              "Folder, .tar, .tar.gz, .tar.xz or .zip that contains CLASS/IMAGE or "
              "train|val|test/CLASS/IMAGE")
      .required();
  import.option("--name", settings->name, "Dataset to create or extend")
      .value_name("NAME")
      .show_default();
  import
      .option("--names-charset", settings->options.names_charset,
              "Charset of names that are not UTF-8, for example cp437 or shift-jis")
      .value_name("CHARSET");
  add_import_options(import, *settings);

  verb("list", "List all datasets", list);
  verb("show", "Show the classes, splits and revision of a dataset", show)
      .option("name", settings->name, "Name of the dataset")
      .required();

  verb("check", "Read everything in a data directory and name what is damaged", check);
  Verb repair_verb = verb("repair", "Make damaged records and datasets usable", repair);
  repair_verb.option("name", settings->repaired,
                     "Name of a dataset (default: the records and all datasets)");
  repair_verb.flag("--shared-records", settings->shared_records,
                   "Leave the records alone, because they are in PostgreSQL");

  Verb fetch_verb = verb("fetch", "Download a public dataset and import it", fetch);
  fetch_verb.option("dataset", settings->public_dataset, "Public dataset: cifar10")
      .required()
      .one_of({"cifar10"});
  fetch_verb
      .option("--name", settings->fetch_into,
              "Dataset to create or extend (default: the name of the public dataset)")
      .value_name("NAME");
  fetch_verb.option("--url", settings->download.url, "URL of the archive")
      .value_name("URL")
      .show_default();
  fetch_verb.option("--sha256", settings->download.sha256, "Expected SHA-256 of the archive")
      .value_name("HEX")
      .show_default();
  add_import_options(fetch_verb, *settings);
}

}  // namespace fovea::tools
