// Registry: queries and removal of versions.

#include <set>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/text.h"
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
  if (!version) throw UnknownVersion(version_title(number) + " does not exist");
  return *version;
}

StoredVersion Registry::find(const std::string& name) const {
  if (const auto number = parse_number<int>(name)) return find(*number);
  const Aliases now = aliases();
  const auto found = now.find(name);
  if (found == now.end()) {
    throw UnknownVersion(fmt::format(
        "there is no version \"{}\"; give its number, or champion, challenger or previous", name));
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

std::optional<int> Registry::find_identical(std::span<const std::uint8_t> model) {
  const Exclusive exclusive(*this);
  const std::string sha256 = sha256_hex(model);
  const StoredVersion* found = nullptr;
  const auto versions = versions_.with_files();  // the newest first
  for (const StoredVersion& version : versions) {
    if (version.model_sha256 != sha256) continue;
    // Features win over age: without them the version cannot be retrained without old images.
    if (!found || (!found->features_sha256 && version.features_sha256)) found = &version;
  }
  if (!found) return std::nullopt;
  files_.withdraw(store_file(model));  // which may have been lost; a version names it
  return found->number;
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
  const Exclusive exclusive(*this);
  const StoredVersion version = find(number);
  require_files(version);
  for (const auto& [name, aliased] : versions_.aliases()) {
    if (aliased == number) {
      throw VersionConflict(version_title(number) + " is the " + name + " and cannot be removed");
    }
  }
  versions_.mark_removed(number, {0, {}, actor, "remove", version_title(number), ""});
  remove_files(version, files_in_use());
  log(actor + " removed " + version_title(number));
}

// Deletes the files of versions beyond the newest options_.keep, except those with an alias.
void Registry::remove_old_files() {
  try {
    std::set<int> aliased;
    for (const auto& [name, number] : versions_.aliases()) aliased.insert(number);
    const auto versions = versions_.with_files();  // the newest first
    for (std::size_t i = static_cast<std::size_t>(options_.keep); i < versions.size(); ++i) {
      const int number = versions[i].number;
      if (aliased.count(number) > 0) continue;
      const std::string detail = fmt::format(R"({{"keep":{}}})", options_.keep);
      versions_.mark_removed(number, {0, {}, "server", "retire", version_title(number), detail});
      remove_files(versions[i], files_in_use());
      log(fmt::format("removed the files of {}: only the newest {} versions keep theirs",
                      version_title(number), options_.keep));
    }
  } catch (const IoError& error) {
    // Must not fail the change that was just made; the next change tries again.
    log(std::string("cannot remove the files of old versions: ") + error.what());
  }
}

std::set<std::string> Registry::files_in_use() const {
  std::set<std::string> used;
  for (const StoredVersion& version : versions_.with_files()) {
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

void Registry::log(const std::string& line) const {
  if (options_.on_event) options_.on_event(line);
}

}  // namespace fovea::server
