#include "server/registry/registry.h"

#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/model/feature_statistics.h"
#include "server/registry/manifest.h"
#include "server/store/files.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr const char* kChampion = "champion";
constexpr const char* kChallenger = "challenger";
constexpr const char* kPrevious = "previous";
constexpr std::chrono::hours kOldTemporary{24};
// Bytes that are not refused: a server that has served a small model must be able to restart.
constexpr std::uint64_t kAlwaysFits = 256 << 20;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Feature statistics are valid only for the weights that they were computed with.
void check_features(std::span<const std::uint8_t> features, const Classifier& classifier) {
  const FeatureStatistics bundle = read_feature_statistics(features);
  if (bundle.weights_sha256 != classifier.weights_sha256()) {
    throw FormatError("feature bundle: it was computed with other weights than those of the model");
  }
  if (bundle.classes != classifier.classes()) {
    throw FormatError("feature bundle: its classes differ from those of the model");
  }
}

std::optional<int> alias(const Aliases& aliases, const std::string& name) {
  const auto found = aliases.find(name);
  return found == aliases.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Registry::Registry(VersionStore& versions, Files& files, RegistryOptions options)
    : versions_(versions), files_(files), options_(std::move(options)) {
  if (options_.keep < 1) throw ConfigError("registry: \"keep\" must be at least 1");
  // Another process may be writing the newer temporary files.
  files_.remove_unfinished(options_.shared ? kOldTemporary : std::chrono::seconds(0));
  const Exclusive exclusive(*this);
  // A crash may have interrupted remove() between marking a version and deleting its files.
  const std::set<std::string> used = files_in_use();
  for (const std::string& sha256 : files_.announced()) {  // by publish()
    if (!used.contains(sha256)) files_.remove(sha256);
    files_.withdraw(sha256);
  }
  for (const StoredVersion& version : versions_.newest(std::numeric_limits<int>::max())) {
    if (version.removed) remove_files(version, used);
  }
}

Registry::Exclusive::Exclusive(Registry& registry) : registry_(registry) {
  registry_.changing_.lock();
  try {
    if (registry_.depth_ == 0 && registry_.options_.lock) {
      registry_.lock_ = registry_.options_.lock();
    }
  } catch (...) {
    registry_.changing_.unlock();
    throw;
  }
  ++registry_.depth_;
}

Registry::Exclusive::~Exclusive() {
  if (--registry_.depth_ == 0) registry_.lock_.reset();
  registry_.changing_.unlock();
}

std::shared_ptr<const ServedModel> Registry::champion() const {
  const std::lock_guard lock(champion_mutex_);
  return champion_;
}

std::string Registry::store_file(std::span<const std::uint8_t> bytes) {
  files_.announce(sha256_hex(bytes));
  std::string sha256 = files_.store(bytes);
  try {
    files_.read(sha256);  // verifies the hash
  } catch (const FormatError&) {
    // The copy that was already there is damaged: replace it.
    files_.remove(sha256);
    files_.store(bytes);
    files_.read(sha256);
  }
  return sha256;
}

int Registry::publish(std::span<const std::uint8_t> model, std::span<const std::uint8_t> features,
                      const Json& manifest, const std::string& actor) {
  const Classifier classifier(model);
  const Json complete = complete_manifest(classifier.model(), manifest);
  require_memory(classifier);
  probe(classifier);
  if (!features.empty()) check_features(features, classifier);

  StoredVersion version;
  version.weights_sha256 = classifier.weights_sha256();
  version.manifest = text_of(complete);
  version.created = std::chrono::system_clock::now();
  const Exclusive exclusive(*this);
  version.model_sha256 = store_file(model);
  if (!features.empty()) version.features_sha256 = store_file(features);
  const Json detail = {{"name", complete["name"]},
                       {"weights_sha256", version.weights_sha256},
                       {"model_sha256", version.model_sha256}};
  const int number = versions_.add(version, {0, {}, actor, "publish", "", text_of(detail)});
  files_.withdraw(version.model_sha256);
  if (version.features_sha256) files_.withdraw(*version.features_sha256);
  log(actor + " published " + version_title(number));
  remove_old_files();
  return number;
}

void Registry::require_memory(const Classifier& classifier) const {
  if (!options_.available_memory) return;
  const std::uint64_t needed =
      inference_bytes(classifier) * static_cast<std::uint64_t>(options_.threads);
  if (needed <= kAlwaysFits) return;
  const std::uint64_t available = options_.available_memory();
  if (needed <= available) return;
  throw ModelTooLarge(
      fmt::format("classifying with this model needs up to {} MiB for {} threads, {} MiB are "
                  "available",
                  needed >> 20, options_.threads, available >> 20));
}

std::shared_ptr<const ServedModel> Registry::load(const StoredVersion& version) const {
  const std::string where =
      version_title(version.number) + " (" + model_path(version).string() + ")";
  try {
    const Json manifest = parse_manifest(version.manifest);
    auto model = std::make_shared<const ServedModel>(
        files_.read(version.model_sha256), manifest.value("name", "model"), version.number);
    if (Json(model->classifier.classes()) != manifest.value("classes", Json())) {
      throw FormatError("its classes differ from those in its manifest");
    }
    require_memory(model->classifier);
    probe(model->classifier);
    warm_up(model->classifier);
    return model;
  } catch (const FormatError& error) {
    throw FormatError("cannot serve " + where + ": " + error.what());
  } catch (const IoError& error) {
    throw IoError("cannot serve " + where + ": " + error.what());
  }
}

void Registry::move(const std::map<std::string, std::optional<int>>& aliases,
                    const AuditEntry& entry) {
  if (lock_) lock_->check();
  versions_.move(aliases, entry);
  if (options_.on_change) options_.on_change(entry.action);
}

void Registry::set_champion(std::shared_ptr<const ServedModel> model, bool rollback) {
  ModelSwap swap;
  swap.now = std::move(model);
  swap.rollback = rollback;
  {
    const std::lock_guard lock(champion_mutex_);
    swap.before = std::exchange(champion_, swap.now);
  }
  if (on_swap) on_swap(swap);
}

void Registry::activate_locked(int number, const Change& change,
                               std::shared_ptr<const ServedModel> loaded) {
  const StoredVersion version = find(number);
  require_files(version);
  const Aliases now = versions_.aliases();
  const auto old = alias(now, kChampion);
  const auto serving = champion();
  if (serving && serving->number == number && old == number) return;
  const auto model = loaded ? std::move(loaded) : load(version);

  // The database changes first: after a crash the server loads the new champion.
  std::map<std::string, std::optional<int>> moves{{kChampion, number}};
  if (old && *old != number) moves[kPrevious] = old;
  if (alias(now, kChallenger) == number) moves[kChallenger] = std::nullopt;
  Json detail = {{"from", old ? Json(*old) : Json()}, {"reason", change.reason}};
  if (change.numbers) detail["numbers"] = *change.numbers;
  move(moves, {0, {}, change.actor, change.action, version_title(number), text_of(detail)});
  set_champion(model, change.action == "rollback");
  log(fmt::format("{}: {} {}{}", change.actor, change.action, version_title(number),
                  change.reason.empty() ? "" : " (" + change.reason + ")"));
  remove_old_files();
}

void Registry::activate(int number, const std::string& actor, const std::string& reason) {
  std::shared_ptr<const ServedModel> loaded;
  const auto serving = champion();
  if (!serving || serving->number != number) {
    const StoredVersion version = find(number);
    require_files(version);
    loaded = load(version);
  }
  const Exclusive exclusive(*this);
  activate_locked(number, {"activate", actor, reason}, std::move(loaded));
}

int Registry::rollback_locked(const Change& change) {
  const auto previous = alias(versions_.aliases(), kPrevious);
  if (!previous) throw VersionConflict("there is no previous version to roll back to");
  activate_locked(*previous, change);
  return *previous;
}

int Registry::rollback(const std::string& actor, const std::string& reason) {
  const Exclusive exclusive(*this);
  return rollback_locked({"rollback", actor, reason});
}

bool Registry::rollback_from(int number, const std::string& actor, const std::string& reason,
                             const Json& numbers) {
  const Exclusive exclusive(*this);
  if (alias(versions_.aliases(), kChampion) != number) return false;
  rollback_locked({"rollback", actor, reason, &numbers});
  return true;
}

void Registry::set_challenger(std::optional<int> number, const std::string& actor,
                              const std::string& reason) {
  const Exclusive exclusive(*this);
  const Aliases now = versions_.aliases();
  if (alias(now, kChallenger) == number) return;
  if (number) {
    require_files(find(*number));
    if (alias(now, kChampion) == number) {
      throw VersionConflict(version_title(*number) +
                            " is the champion and cannot be the challenger too");
    }
  }
  const int subject = number ? *number : now.at(kChallenger);
  move({{kChallenger, number}}, {0,
                                 {},
                                 actor,
                                 number ? "set challenger" : "clear challenger",
                                 version_title(subject),
                                 text_of({{"reason", reason}})});
}

bool Registry::load_champion() {
  const Exclusive exclusive(*this);
  const auto number = alias(versions_.aliases(), kChampion);
  if (!number) return false;
  set_champion(load(find(*number)), false);
  return true;
}

// Takes no lock against other processes: it only reads, and the notification of a later change
// calls it again.
void Registry::follow(bool rollback) {
  const std::lock_guard lock(changing_);
  const Aliases now = versions_.aliases();
  const auto number = alias(now, kChampion);
  const auto serving = champion();
  if (!number || (serving && serving->number == *number)) return;
  set_champion(load(find(*number)), rollback);
  log(version_title(*number) + " was activated by another process");
}

}  // namespace fovea::server
