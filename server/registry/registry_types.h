#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "server/serve/served_model.h"
#include "server/store/store.h"
#include "server/store/version_store.h"

// Options, errors and events of the Registry.
namespace fovea::server {

// There is no version with this number or alias.
class UnknownVersion : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The state of the version does not allow the operation: its files were removed, or it has an
// alias.
class VersionConflict : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Classifying with the model needs more memory than there is. The text has the numbers.
class ModelTooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string version_title(int number);             // "version 3"
void require_files(const StoredVersion& version);  // throws VersionConflict if they were removed

struct RegistryOptions {
  int keep = 10;  // keep the files of this many newest versions and of those with an alias; >= 1
  std::function<void(const std::string&)> on_event;  // log lines; any thread
  int threads = 1;                                   // that classify at the same time
  std::function<std::uint64_t()> available_memory;   // in bytes; empty: any model fits
  // If several processes share the store and the files:
  bool shared = false;
  std::function<std::unique_ptr<ChangeLock>()> lock;  // excludes changes by the other processes
  // The aliases have changed by `action` of the audit log; informs the other processes.
  std::function<void(const std::string& action)> on_change;
};

// A change of the active model.
struct ModelSwap {
  std::shared_ptr<const ServedModel> before;  // null when the server starts
  std::shared_ptr<const ServedModel> now;
  bool rollback = false;
};

}  // namespace fovea::server
