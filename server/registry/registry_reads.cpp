// What the Registry tells of its versions, and how it gives them up.

#include <charconv>
#include <set>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "server/registry/registry.h"
#include "server/store/files.h"

namespace fovea::server {

std::string version_title(int number) {
  return "version " + std::to_string(number);
}

void require_files(const StoredVersion& version) {
  if (version.removed) {
    throw VersionConflict("the files of " + version_title(version.number) + " were removed");
  }
}

StoredVersion Registry::find(int number) const {
  auto version = versions_.find(number);
  if (!version) throw UnknownVersion("there is no " + version_title(number));
  return *version;
}

StoredVersion Registry::find(const std::string& name) const {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) return find(number);
  const Aliases now = aliases();
  const auto found = now.find(name);
  if (found == now.end()) {
    throw UnknownVersion("there is no version called \"" + name +
                         "\"; name one by its number or as champion, challenger or previous");
  }
  return find(found->second);
}

std::vector<StoredVersion> Registry::newest(int limit, int before) const {
  return versions_.newest(limit, before);
}

int Registry::count() const {
  return versions_.count();
}

Aliases Registry::aliases() const {
  return versions_.aliases();
}

std::optional<int> Registry::recognise(std::span<const std::uint8_t> model) {
  const std::lock_guard lock(changing_);
  const std::string sha256 = sha256_hex(model);
  const StoredVersion* known = nullptr;
  const auto kept = versions_.kept();
  for (const StoredVersion& version : kept) {
    if (version.model_sha256 != sha256) continue;
    // A newer one without features must not hide what an older one can do.
    if (!known || (!known->features_sha256 && version.features_sha256)) known = &version;
  }
  if (!known) return std::nullopt;
  keep_file(model);
  return known->number;
}

std::vector<std::uint8_t> Registry::model_file(const StoredVersion& version) const {
  require_files(version);
  return files_.read(version.model_sha256);
}

std::optional<std::vector<std::uint8_t>> Registry::features_file(
    const StoredVersion& version) const {
  require_files(version);
  if (!version.features_sha256) return std::nullopt;
  return files_.read(*version.features_sha256);
}

std::filesystem::path Registry::model_path(const StoredVersion& version) const {
  require_files(version);
  return files_.path(version.model_sha256);
}

std::filesystem::path Registry::features_path(const StoredVersion& version) const {
  require_files(version);
  return version.features_sha256 ? files_.path(*version.features_sha256) : std::filesystem::path();
}

void Registry::remove(int number, const std::string& actor) {
  const std::lock_guard lock(changing_);
  const StoredVersion version = find(number);
  require_files(version);
  for (const auto& [name, aliased] : versions_.aliases()) {
    if (aliased == number) {
      throw VersionConflict(version_title(number) + " is the " + name + " and cannot be removed");
    }
  }
  versions_.mark_removed(number, {0, {}, actor, "remove", version_title(number), ""});
  remove_files(version, files_in_use());
  tell(actor + " removed " + version_title(number));
}

void Registry::retire_old() {
  try {
    std::set<int> aliased;
    for (const auto& [name, number] : versions_.aliases()) aliased.insert(number);
    const auto kept = versions_.kept();
    for (std::size_t i = static_cast<std::size_t>(options_.keep); i < kept.size(); ++i) {
      const int number = kept[i].number;
      if (aliased.count(number) > 0) continue;
      const std::string why = R"({"keep":)" + std::to_string(options_.keep) + "}";
      versions_.mark_removed(number, {0, {}, "server", "retire", version_title(number), why});
      remove_files(kept[i], files_in_use());
      tell(version_title(number) + " is older than the newest " + std::to_string(options_.keep) +
           " and gave up its files");
    }
  } catch (const IoError& error) {
    // What was asked for is done already; the next change tries again.
    tell(std::string("old versions could not be given up: ") + error.what());
  }
}

std::set<std::string> Registry::files_in_use() const {
  std::set<std::string> used;
  for (const StoredVersion& version : versions_.kept()) {
    used.insert(version.model_sha256);
    if (version.features_sha256) used.insert(*version.features_sha256);
  }
  return used;
}

void Registry::remove_files(const StoredVersion& version, const std::set<std::string>& used) {
  if (used.count(version.model_sha256) == 0) files_.remove(version.model_sha256);
  if (version.features_sha256 && used.count(*version.features_sha256) == 0) {
    files_.remove(*version.features_sha256);
  }
}

void Registry::tell(const std::string& line) const {
  if (options_.on_event) options_.on_event(line);
}

}  // namespace fovea::server
