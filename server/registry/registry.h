#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/serve/served_model.h"
#include "server/store/version_store.h"

namespace fovea::server {

class Files;

// No version has this number or alias.
class UnknownVersion : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The version is not in a state that allows this: its files were removed, an alias points at it.
class VersionConflict : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string version_title(int number);             // "version 3"
void require_files(const StoredVersion& version);  // throws VersionConflict when they are removed

struct RegistryOptions {
  int keep = 10;  // newest versions whose files stay, besides those an alias points at; >= 1
  std::function<void(const std::string&)> on_event;  // lines for the log; any thread
};

// One change of the model in service.
struct Swap {
  std::shared_ptr<const ServedModel> before;  // null at the start
  std::shared_ptr<const ServedModel> now;
  bool rollback = false;
};

// The numbered, immutable versions of the model, and which of them is in service. Aliases:
// `champion` answers requests, `previous` did before it, `challenger` is a candidate. Any thread;
// changes wait for each other, champion() waits for none of them. A crash at any instant leaves the
// state before or after a change. Besides what is named, IoError for a disk that refuses.
class Registry {
 public:
  // Clears up what a crash left. REQUIRES: nobody else uses these files (FolderLock).
  Registry(VersionStore& versions, Files& files, RegistryOptions options);

  // What answers now. A request takes it once and keeps it to its end. Null only before the first
  // load_champion() or activate().
  std::shared_ptr<const ServedModel> champion() const;

  // Stores a model file as a new version and returns its number; nothing is activated. The files
  // are on the disk, were read back and gave an answer for a test image. `features` may be empty.
  // The manifest (manifest.h) is completed from the file. Throws FormatError when the file is no
  // working model, the features are not those of its weights, or the manifest contradicts the file.
  int publish(std::span<const std::uint8_t> model, std::span<const std::uint8_t> features,
              const nlohmann::ordered_json& manifest, const std::string& actor);

  // Reads, tries and warms the version, then puts it into service; the version before becomes
  // `previous`. Nothing has changed when it throws: UnknownVersion, VersionConflict, or FormatError
  // when its file is damaged. The champion itself: nothing happens.
  void activate(int number, const std::string& actor, const std::string& reason);
  // Activates `previous` and returns its number. Throws like activate().
  int rollback(const std::string& actor, const std::string& reason);
  // The same if `number` is still the champion, with the numbers that led to it in the audit log.
  // False, and nothing is done, when it is not.
  bool rollback_from(int number, const std::string& actor, const std::string& reason,
                     const nlohmann::ordered_json& numbers);
  // nullopt: there is none.
  void set_challenger(std::optional<int> number, const std::string& actor,
                      const std::string& reason);
  // Gives up the files; number and manifest stay. Throws UnknownVersion, VersionConflict.
  void remove(int number, const std::string& actor);

  // Puts the stored champion into service, at the start; false when there is none yet. Throws
  // FormatError or IoError naming the file when it cannot be served.
  bool load_champion();

  // By number ("3") or alias ("champion"). Throws UnknownVersion.
  StoredVersion find(const std::string& name) const;
  StoredVersion find(int number) const;
  std::vector<StoredVersion> newest(int limit, int before = 0) const;
  int count() const;
  Aliases aliases() const;
  // The version that is this very file, unless it was removed: the newest that has features, else
  // the newest. A stored copy that is missing or damaged is put right.
  std::optional<int> recognise(std::span<const std::uint8_t> model);
  // Whole files. Throw UnknownVersion, VersionConflict (removed), FormatError (damaged).
  std::vector<std::uint8_t> model_file(const StoredVersion& version) const;
  std::optional<std::vector<std::uint8_t>> features_file(const StoredVersion& version) const;
  // Where they lie, for a child process; empty without features. Throw VersionConflict (removed).
  std::filesystem::path model_path(const StoredVersion& version) const;
  std::filesystem::path features_path(const StoredVersion& version) const;

  // Called after every swap, while further changes wait: it must not call back. Set before others
  // use the registry.
  std::function<void(const Swap&)> on_swap;

 private:
  struct Change {
    std::string action, actor, reason;
    const nlohmann::ordered_json* numbers = nullptr;
  };
  // Those below REQUIRE changing_.
  std::string keep_file(std::span<const std::uint8_t> bytes);
  std::shared_ptr<const ServedModel> load(const StoredVersion& version) const;
  void activate_locked(int number, const Change& change);
  int rollback_locked(const Change& change);
  void put_in_service(std::shared_ptr<const ServedModel> model, bool rollback);
  void retire_old();
  std::set<std::string> files_in_use() const;
  void remove_files(const StoredVersion& version, const std::set<std::string>& used);
  void tell(const std::string& line) const;

  VersionStore& versions_;
  Files& files_;
  const RegistryOptions options_;
  std::mutex changing_;
  mutable std::mutex champion_mutex_;  // held for the copy of a pointer only
  std::shared_ptr<const ServedModel> champion_;
};

}  // namespace fovea::server
