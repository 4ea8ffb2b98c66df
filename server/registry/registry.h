#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/registry/registry_types.h"
#include "server/store/version_store.h"

namespace fovea::server {

class Files;

// The model registry: numbered, immutable versions of the model, and aliases that point at them.
// `champion` is the active version, which classifies requests; `previous` was active before it;
// `challenger` is the candidate. A crash at any instant leaves the state before or after a change.
// Any thread: changes are serialised, champion() never waits for them. Other processes may share
// the store; follow() takes over their changes. All functions may also throw IoError. Implemented
// in registry.cpp (changes) and registry_reads.cpp (queries, removal).
class Registry {
 public:
  // Removes files left by a crash. REQUIRES: no other process uses these files (FolderLock), unless
  // options.shared.
  Registry(VersionStore& versions, Files& files, RegistryOptions options);

  // While it exists, other threads and other processes that share the store cannot change the
  // registry; this thread can.
  class Exclusive {
   public:
    explicit Exclusive(Registry& registry);
    ~Exclusive();
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

   private:
    Registry& registry_;
  };

  // The active model. A request calls this once and uses the result until its response is complete.
  // Null only before the first load_champion() or activate().
  std::shared_ptr<const ServedModel> champion() const;

  // Stores a model file as a new version and returns its number; does not activate it. On return
  // the files are on disk and verified, and the model has passed the self-test (probe()).
  // `features` may be empty. Completes the manifest from the file (manifest.h). Throws FormatError
  // if the file is not a working model, the features belong to other weights, or the manifest
  // contradicts the file, and ModelTooLarge if there is not enough memory to classify with it.
  int publish(std::span<const std::uint8_t> model, std::span<const std::uint8_t> features,
              const nlohmann::ordered_json& manifest, const std::string& actor);

  // Loads, self-tests and warms up the version, then makes it the champion; the old champion
  // becomes `previous`. Does nothing if it is the champion already. Throws UnknownVersion,
  // VersionConflict, ModelTooLarge, or FormatError if its file is damaged; then nothing has
  // changed. Other changes wait only while the aliases are moved, not for the warm-up.
  void activate(int number, const std::string& actor, const std::string& reason);
  // Activates `previous` and returns its number. Throws like activate().
  int rollback(const std::string& actor, const std::string& reason);
  // Rolls back only if `number` is still the champion; otherwise returns false. `numbers` go to the
  // audit log.
  bool rollback_from(int number, const std::string& actor, const std::string& reason,
                     const nlohmann::ordered_json& numbers);
  // nullopt clears the alias.
  void set_challenger(std::optional<int> number, const std::string& actor,
                      const std::string& reason);
  // Deletes the files of a version without an alias; its number and manifest stay. Throws
  // UnknownVersion, VersionConflict.
  void remove(int number, const std::string& actor);

  // Loads the stored champion when the server starts; false if there is none. Throws FormatError or
  // IoError naming the file.
  bool load_champion();
  // Serves the stored champion if another process has changed it, by a rollback or not. Throws like
  // load_champion().
  void follow(bool rollback);

  // By number ("3") or alias ("champion"). Throws UnknownVersion.
  StoredVersion find(const std::string& name) const;
  StoredVersion find(int number) const;
  // The newest first: at most `limit` versions with a number below `before` (0: from the newest).
  std::vector<StoredVersion> newest(int limit, int before = 0) const;
  int count() const;
  Aliases aliases() const;
  // The version whose model file has these bytes and was not removed: the newest with features,
  // else the newest; nullopt: none. Restores its stored copy if that is missing or damaged.
  std::optional<int> find_identical(std::span<const std::uint8_t> model);
  // Contents of the files. Throw VersionConflict if they were removed, FormatError if damaged.
  std::vector<std::uint8_t> model_file(const StoredVersion& version) const;
  std::optional<std::vector<std::uint8_t>> features_file(const StoredVersion& version) const;
  // Paths of the files, for a worker process; features_path() is empty if there are none. Throw
  // VersionConflict if they were removed.
  std::filesystem::path model_path(const StoredVersion& version) const;
  std::filesystem::path features_path(const StoredVersion& version) const;

  // Called after every change of the champion, with changes still locked out: must not change the
  // registry. Set it before other threads use the registry.
  std::function<void(const ModelSwap&)> on_swap;

 private:
  struct Change {
    std::string action, actor, reason;
    const nlohmann::ordered_json* numbers = nullptr;
  };
  // These REQUIRE Exclusive.
  std::string store_file(std::span<const std::uint8_t> bytes);
  void require_memory(const Classifier& classifier) const;
  std::shared_ptr<const ServedModel> load(const StoredVersion& version) const;
  // `loaded`: the version if the caller has loaded it already, else null.
  void activate_locked(int number, const Change& change,
                       std::shared_ptr<const ServedModel> loaded = nullptr);
  int rollback_locked(const Change& change);
  void move(const std::map<std::string, std::optional<int>>& aliases, const AuditEntry& entry);
  void set_champion(std::shared_ptr<const ServedModel> model, bool rollback);
  void remove_old_files();
  std::set<std::string> files_in_use() const;
  void remove_files(const StoredVersion& version, const std::set<std::string>& used);
  void log(const std::string& line) const;

  VersionStore& versions_;
  Files& files_;
  const RegistryOptions options_;
  // Lock order: changing_, then champion_mutex_.
  std::recursive_mutex changing_;      // held for the whole of a change
  int depth_ = 0;                      // of nested Exclusive objects
  std::unique_ptr<ChangeLock> lock_;   // held while depth_ > 0; null: no other process
  mutable std::mutex champion_mutex_;  // held only to copy or replace the pointer
  std::shared_ptr<const ServedModel> champion_;
};

// probe.cpp
// Self-test of a model: classifies a built-in image, including decoding. Throws FormatError unless
// the result has one probability from 0 to 1 per class and they sum to 1.
void probe(const Classifier& classifier);

// An upper bound of the memory that one thread needs to classify micro-batches, without the
// weights.
std::uint64_t inference_bytes(const Classifier& classifier);

// Runs the network once at the batch sizes that the server uses, so that the first requests after
// an activation do not pay for page faults and cold caches.
void warm_up(const Classifier& classifier);

}  // namespace fovea::server
