#include "server/backup/repair.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset_change.h"
#include "engine/image/file_kind.h"
#include "server/registry/registry.h"
#include "server/store/files.h"
#include "server/store/folder_lock.h"
#include "server/store/store.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

fs::path set_database_aside(const fs::path& data_dir) {
  const fs::path folder =
      data_dir / fmt::format("damaged-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
  bool moved = false;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const fs::path file = database_file(data_dir).string() + suffix;
    if (!fs::exists(file)) continue;
    create_folders(folder);
    fs::rename(file, folder / file.filename());
    moved = true;
  }
  return moved ? folder : fs::path();
}

// The files that may be models, the oldest first.
std::vector<std::string> possible_models(const fs::path& data_dir, const Files& files) {
  std::multimap<fs::file_time_type, std::string> by_time;
  for (const std::string& sha256 : files.list()) {
    if (file_kind(files.head(sha256)) != FileKind::other) continue;  // an image
    by_time.emplace(fs::last_write_time(data_dir / "files" / sha256.substr(0, 2) / sha256), sha256);
  }
  std::vector<std::string> hashes;
  for (const auto& [time, sha256] : by_time) hashes.push_back(sha256);
  return hashes;
}

}  // namespace

std::string damage_of_records(const fs::path& data_dir) {
  std::string problem = missing_records(data_dir);
  if (problem.empty() && fs::exists(database_file(data_dir))) {
    problem = check_sqlite_file(database_file(data_dir));
  }
  return problem;
}

RecordsReport repair_records(const fs::path& data_dir) {
  const FolderLock lock(data_dir);
  RecordsReport report;
  report.problem = damage_of_records(data_dir);
  if (report.problem.empty()) return report;
  report.set_aside = set_database_aside(data_dir);
  const auto store = open_sqlite_store(database_file(data_dir));
  Files files(data_dir / "files");
  const std::vector<std::string> candidates = possible_models(data_dir, files);
  RegistryOptions options;
  options.keep = std::max(options.keep, static_cast<int>(candidates.size()));
  Registry registry(store->versions(), files, options);
  for (const std::string& sha256 : candidates) {
    try {
      const Json manifest = {{"name", "restored-" + sha256.substr(0, 8)}};
      report.active = registry.publish(files.read(sha256), {}, manifest, "repair");
      ++report.versions;
    } catch (const FormatError&) {
      continue;  // feature statistics, or damaged
    }
  }
  if (report.active != 0) registry.activate(report.active, "repair", "the records were lost");
  return report;
}

std::vector<std::string> check_data_dir(const fs::path& data_dir) {
  std::vector<std::string> problems;
  const std::string records = damage_of_records(data_dir);
  if (!records.empty()) problems.push_back(records);
  const Files files(data_dir / "files");
  for (const std::string& sha256 : files.list()) {
    try {
      files.read(sha256);
    } catch (const std::exception& error) {
      problems.emplace_back(error.what());
    }
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_dir / "datasets", error)) {
    if (!entry.is_directory()) continue;
    try {
      check_dataset(entry.path());
    } catch (const FormatError& damaged) {
      problems.emplace_back(damaged.what());
    }
  }
  return problems;
}

}  // namespace fovea::server
