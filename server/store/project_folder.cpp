#include "server/store/project_folder.h"

#include <unistd.h>

#include <algorithm>
#include <random>
#include <system_error>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/text.h"
#include "engine/model/backbones.h"
#include "engine/model/presets.h"
#include "server/text/json.h"
#include "server/text/project_name.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSettingsFile = "project.json";
constexpr const char* kUnfinished = ".new-";
constexpr const char* kTimeFormat = "%Y%m%dT%H%M%SZ";

fs::path projects_folder(const fs::path& data_dir) {
  return data_dir / "projects";
}
fs::path trash_folder(const fs::path& data_dir) {
  return projects_folder(data_dir) / ".trash";
}

// Throws FormatError unless the name is valid for a project besides the default one.
void check_name(const std::string& name) {
  if (name == kDefaultProject) {
    throw FormatError("\"default\" is the project of the data directory itself");
  }
  if (is_project_name(name)) return;
  throw FormatError(
      fmt::format("\"{}\" is not a valid project name: it needs 1 to 64 characters of a-z, 0-9 and "
                  "-, beginning with a letter or digit",
                  name.substr(0, 100)));
}

std::string random_digits() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

void move_folder(const fs::path& from, const fs::path& to) {
  create_folders(to.parent_path());
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    throw IoError("cannot rename " + from.string() + " to " + to.string() + ": " + error.message());
  }
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// "hands@20260131T120000Z" -> when it was deleted.
std::optional<DeletedProject> read_deleted(const fs::path& folder) {
  const std::string file = folder.filename().string();
  const std::size_t at = file.find('@');
  if (at == std::string::npos || file.size() < at + 17) return std::nullopt;
  const auto part = [&](std::size_t from, std::size_t count) {
    return file.substr(at + from, count);
  };
  const auto time = parse_iso_time(fmt::format("{}-{}-{}T{}:{}:{}Z", part(1, 4), part(5, 2),
                                               part(7, 2), part(10, 2), part(12, 2), part(14, 2)));
  if (!time || !is_project_name(file.substr(0, at))) return std::nullopt;
  return DeletedProject{file.substr(0, at), folder, *time};
}

}  // namespace

ProjectSettings::ProjectSettings() = default;

fs::path project_folder(const fs::path& data_dir, const std::string& name) {
  if (name == kDefaultProject) return data_dir;
  check_name(name);
  return projects_folder(data_dir) / name;
}

void require_free_name(const fs::path& data_dir, const std::string& name) {
  if (fs::exists(project_folder(data_dir, name))) {
    throw ProjectExists(fmt::format("there is already a project \"{}\"", name));
  }
}

fs::path existing_project_folder(const fs::path& data_dir, const std::string& name) {
  fs::path folder = project_folder(data_dir, name);
  if (name == kDefaultProject || fs::exists(folder / kSettingsFile)) return folder;
  std::vector<std::string> names = project_names(data_dir);
  names.insert(names.begin(), std::string(kDefaultProject));
  throw NoProject(
      fmt::format("there is no project \"{}\"; the projects are {}", name, join(names)));
}

std::vector<std::string> project_names(const fs::path& data_dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(projects_folder(data_dir), error)) {
    const std::string name = entry.path().filename().string();
    if (is_project_name(name) && fs::exists(entry.path() / kSettingsFile)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

ProjectSettings read_project(const fs::path& folder) {
  const fs::path file = folder / kSettingsFile;
  const auto bytes = read_file(file, 1 << 20);
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!json.is_object()) throw FormatError(file.string() + " is not a JSON object");
  ProjectSettings settings;
  settings.title = text_of(json, "title");
  settings.preset = text_of(json, "preset");
  settings.backbone = text_of(json, "backbone");
  settings.schema = text_of(json, "schema");
  const auto created = parse_iso_time(text_of(json, "created"));
  if (!created) throw FormatError(file.string() + ": \"created\" is not a time");
  settings.created = *created;
  if (settings.preset.empty() == settings.backbone.empty()) {
    throw FormatError(file.string() + ": needs either \"preset\" or \"backbone\"");
  }
  return settings;
}

void write_project(const fs::path& folder, const ProjectSettings& settings) {
  Json json = {{"title", settings.title}};
  if (settings.backbone.empty()) {
    json["preset"] = settings.preset;
  } else {
    json["backbone"] = settings.backbone;
  }
  json["schema"] = settings.schema;
  json["created"] = iso_seconds(settings.created);
  write_file_atomically(folder / kSettingsFile,
                        json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void check_project_recipe(const ProjectSettings& settings) {
  const auto check = [](const char* what, const std::string& name,
                        const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    throw ConfigError(fmt::format("there is no {} \"{}\"; there are {}", what, name, join(known)));
  };
  if (settings.backbone.empty()) {
    check("preset", settings.preset, preset_names());
  } else {
    check("backbone", settings.backbone, backbone_names());
  }
}

ProjectSettings create_project_folder(const fs::path& data_dir, const std::string& name,
                                      ProjectSettings settings) {
  check_name(name);
  check_project_recipe(settings);
  require_free_name(data_dir, name);
  settings.created = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  settings.schema = "project_" + random_digits();
  const fs::path unfinished = projects_folder(data_dir) / (kUnfinished + random_digits());
  write_project(unfinished, settings);
  move_folder(unfinished, project_folder(data_dir, name));
  return settings;
}

void remove_unfinished_projects(const fs::path& data_dir) {
  std::error_code error;
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(projects_folder(data_dir), error)) {
    if (entry.path().filename().string().starts_with(kUnfinished)) unfinished.push_back(entry);
  }
  for (const fs::path& folder : unfinished) fs::remove_all(folder, error);
}

void rename_project_folder(const fs::path& data_dir, const std::string& from,
                           const std::string& to) {
  check_name(from);
  check_name(to);
  require_free_name(data_dir, to);
  move_folder(existing_project_folder(data_dir, from), project_folder(data_dir, to));
}

void trash_project_folder(const fs::path& data_dir, const std::string& name) {
  check_name(name);
  const fs::path folder = existing_project_folder(data_dir, name);
  const auto now = std::chrono::system_clock::now();
  fs::path target = trash_folder(data_dir) / (name + "@" + format_utc(kTimeFormat, now));
  if (fs::exists(target)) target += "-" + random_digits();  // deleted twice within a second
  move_folder(folder, target);
}

std::vector<DeletedProject> deleted_projects(const fs::path& data_dir) {
  std::vector<DeletedProject> deleted;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(trash_folder(data_dir), error)) {
    if (auto project = read_deleted(entry.path())) deleted.push_back(std::move(*project));
  }
  std::sort(deleted.begin(), deleted.end(), [](const auto& a, const auto& b) {
    return std::tie(a.deleted, a.folder) > std::tie(b.deleted, b.folder);
  });
  return deleted;
}

std::vector<DeletedProject> deleted_projects(const fs::path& data_dir, const std::string& name) {
  std::vector<DeletedProject> deleted = deleted_projects(data_dir);
  std::erase_if(deleted, [&](const DeletedProject& project) { return project.name != name; });
  if (!deleted.empty()) return deleted;
  throw NoProject(fmt::format("no deleted project is named \"{}\"", name.substr(0, 100)));
}

void restore_project_folder(const fs::path& data_dir, const std::string& name) {
  check_name(name);
  const DeletedProject latest = deleted_projects(data_dir, name).front();
  require_free_name(data_dir, name);
  move_folder(latest.folder, project_folder(data_dir, name));
}

void purge_project_folder(const DeletedProject& project) {
  std::error_code error;
  fs::remove_all(project.folder, error);
  if (error) throw IoError("cannot remove " + project.folder.string() + ": " + error.message());
}

}  // namespace fovea::server
