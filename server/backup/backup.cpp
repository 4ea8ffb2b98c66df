#include "server/backup/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset_lock.h"
#include "server/store/files.h"
#include "server/store/folder_lock.h"
#include "server/store/postgres/copy_postgres.h"
#include "server/store/postgres/copy_sqlite.h"
#include "server/store/project_folder.h"
#include "server/store/store.h"
#include "server/store/version_store.h"
#include "server/text/project_name.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
using Progress = std::function<void(const std::string&)>;

constexpr const char* kDatabase = "fovea.db";
constexpr int kAttempts = 3;
constexpr std::chrono::seconds kLockTimeout{60};

bool is_empty_or_missing(const fs::path& folder) {
  return !fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder));
}

bool is_temporary(const fs::path& file) {
  return file.filename().string().front() == '.';
}

// Copies the files below `from`. With `by_hash`, their names are the SHA-256 of their contents.
void copy_tree(const fs::path& from, const fs::path& to, bool by_hash, BackupReport& report) {
  if (!fs::exists(from)) return;
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (!entry.is_regular_file() || is_temporary(entry.path())) continue;
    const fs::path target = to / fs::relative(entry.path(), from);
    std::vector<std::uint8_t> bytes;
    try {
      bytes = read_file(entry.path());
    } catch (const IoError&) {
      if (!fs::exists(entry.path())) continue;  // removed meanwhile
      throw;
    }
    if (by_hash && sha256_hex(bytes) != entry.path().filename().string()) {
      throw FormatError(entry.path().string() +
                        " is damaged: its contents do not match the hash in its name");
    }
    write_file_atomically(target, bytes);
    ++report.files;
    report.bytes += static_cast<std::int64_t>(bytes.size());
  }
}

// Names a version of a project whose files the backup lacks, because they were removed while it was
// made.
std::string missing_version_of(const fs::path& target) {
  if (!fs::exists(target / kDatabase)) return {};
  const Files files(target / "files");
  const auto store = open_sqlite_store(target / kDatabase);
  for (const StoredVersion& version : store->versions().with_files()) {
    const bool complete = files.exists(version.model_sha256) &&
                          (!version.features_sha256 || files.exists(*version.features_sha256));
    if (!complete) return "version " + std::to_string(version.number);
  }
  return {};
}

std::vector<std::unique_ptr<DatasetLock>> lock_datasets(const fs::path& data_dir) {
  std::vector<std::unique_ptr<DatasetLock>> locks;
  for (const std::string& name : dataset_names(data_dir)) {
    locks.push_back(std::make_unique<DatasetLock>(dataset_folder(data_dir, name), kLockTimeout));
  }
  return locks;
}

// A project and its name; its records are in `schema` of a PostgreSQL database.
struct BackedUp {
  std::string name;
  fs::path folder;
  std::string schema;
};

// The default project first.
std::vector<BackedUp> projects_in(const fs::path& data_dir) {
  std::vector<BackedUp> projects{{std::string(kDefaultProject), data_dir, ""}};
  for (const std::string& name : project_names(data_dir)) {
    const fs::path folder = project_folder(data_dir, name);
    projects.push_back({name, folder, read_project(folder).schema});
  }
  return projects;
}

std::string missing_version(const fs::path& target) {
  for (const BackedUp& project : projects_in(target)) {
    const std::string missing = missing_version_of(project.folder);
    if (missing.empty()) continue;
    return project.schema.empty() ? missing : missing + " of project " + project.name;
  }
  return {};
}

std::string named(const BackedUp& project, const std::string& what) {
  return project.schema.empty() ? what : "project " + project.name + ": " + what;
}

// A folder of a project, and its name for the user.
struct Part {
  const char* name;
  const char* folder;
  bool immutable;  // its files never change
};
constexpr Part kDatasets{"datasets", "datasets", false}, kFiles{"models and images", "files", true},
    kJobs{"jobs", "jobs", false};

void copy_parts(const BackedUp& project, std::initializer_list<Part> parts, const fs::path& target,
                const Progress& progress, BackupReport& report) {
  for (const Part& part : parts) {
    progress(named(project, part.name));
    copy_tree(project.folder / part.folder, target / part.folder, part.immutable, report);
  }
}

void copy_one(const BackedUp& project, const std::string& url, const fs::path& target,
              const Progress& progress, BackupReport& report) {
  const fs::path& data_dir = project.folder;
  progress(named(project, "records"));
  create_folders(target);
  if (!project.schema.empty()) write_project(target, read_project(data_dir));
  if (!url.empty()) {
    copy_postgres(url, target / kDatabase, project.schema);
  } else if (fs::exists(data_dir / kDatabase)) {  // else no server has opened the project yet
    copy_sqlite_file(data_dir / kDatabase, target / kDatabase);
  }
  const auto locks = lock_datasets(data_dir);
  copy_parts(project, {kDatasets, kFiles, kJobs}, target, progress, report);
}

BackupReport copy_all(const fs::path& data_dir, const std::string& url, const fs::path& target,
                      const Progress& progress) {
  BackupReport report;
  for (const BackedUp& project : projects_in(data_dir)) {
    copy_one(project, url, project_folder(target, project.name), progress, report);
  }
  return report;
}

// Flushes everything below the folder to disk before it gets its final name.
void flush(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_io_error("cannot open folder " + folder.string());
  const bool done = ::syncfs(fd) == 0;
  ::close(fd);
  if (!done) throw_io_error("cannot flush " + folder.string());
}

}  // namespace

BackupReport back_up(const fs::path& data_dir, const std::string& url, const fs::path& target,
                     const Progress& progress) {
  if (url.empty() && !fs::exists(data_dir / kDatabase)) {
    throw IoError(data_dir.string() + " is not a data directory: it has no " + kDatabase +
                  "; give --database if the records are in PostgreSQL");
  }
  if (!is_empty_or_missing(target)) throw IoError(target.string() + " exists and is not empty");
  const fs::path partial = target.string() + ".partial";
  for (int attempt = 1;; ++attempt) {
    fs::remove_all(partial);
    try {
      BackupReport report = copy_all(data_dir, url, partial, progress);
      const std::string missing = missing_version(partial);
      if (missing.empty()) {
        flush(partial);
        fs::remove(target);
        fs::rename(partial, target);
        return report;
      }
      if (attempt == kAttempts) {
        throw IoError("the files of " + missing + " are missing in " + data_dir.string());
      }
    } catch (...) {
      std::error_code error;
      fs::remove_all(partial, error);
      throw;
    }
  }
}

namespace {

// The records last.
void restore_one(const BackedUp& project, const std::string& url, const fs::path& data_dir,
                 const Progress& progress, BackupReport& report) {
  const fs::path& backup = project.folder;
  copy_parts(project, {kFiles, kDatasets, kJobs}, data_dir, progress, report);
  progress(named(project, "records"));
  if (!project.schema.empty()) write_project(data_dir, read_project(backup));
  if (!fs::exists(backup / kDatabase)) return;
  if (url.empty()) {
    copy_sqlite_file(backup / kDatabase, data_dir / kDatabase);
  } else {
    copy_sqlite(backup / kDatabase, url, {}, project.schema);
  }
}

}  // namespace

BackupReport restore_backup(const fs::path& backup, const fs::path& data_dir,
                            const std::string& url, const Progress& progress) {
  if (!fs::exists(backup / kDatabase)) {
    throw IoError(backup.string() + " is not a backup: it has no " + kDatabase);
  }
  if (!is_empty_or_missing(data_dir)) throw IoError(data_dir.string() + " is not empty");
  if (const std::string missing = missing_version(backup); !missing.empty()) {
    throw FormatError("the backup " + backup.string() + " lacks the files of " + missing);
  }
  BackupReport report;
  const FolderLock lock(data_dir);
  const std::vector<BackedUp> projects = projects_in(backup);
  for (auto project = projects.rbegin(); project != projects.rend(); ++project) {
    restore_one(*project, url, project_folder(data_dir, project->name), progress, report);
  }
  flush(data_dir);
  return report;
}

}  // namespace fovea::server
