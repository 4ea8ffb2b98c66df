#include <algorithm>

#include <fmt/core.h>

#include "engine/data/image_source.h"
#include "engine/data/import_entries.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/dataset/training_data.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

std::vector<std::string> read_paths(const Json& body) {
  const auto found = body.find("paths");
  if (found == body.end() || !found->is_array()) {
    throw HttpError(400, "\"paths\" must be a list of file paths");
  }
  if (found->size() > std::size_t{ImageSource::kMaxFiles}) {
    throw HttpError(422, fmt::format("there are {} paths; the limit is {}", found->size(),
                                     ImageSource::kMaxFiles));
  }
  std::vector<std::string> paths;
  for (const Json& path : *found) {
    if (!path.is_string()) throw HttpError(400, "\"paths\" must be a list of strings");
    paths.push_back(path.get<std::string>());
  }
  return paths;
}

Json file_json(const ImportEntry& entry) {
  if (!entry.problem.empty()) return {{"problem", entry.problem}};
  Json json = {{"label", *entry.label}};
  if (entry.split) json["split"] = to_string(*entry.split);
  return json;
}

}  // namespace

Reply read_dataset_layout(const Request& request, App&) {
  const std::vector<std::string> paths = read_paths(read_object(request));
  std::vector<ImportEntry> entries;
  bool is_export = false;
  const auto is_ignored = [](const std::string& path) {
    return is_junk_file(path) || is_export_manifest(path);
  };
  for (const std::string& path : paths) {
    is_export = is_export || is_export_manifest(path);
    if (is_ignored(path)) continue;
    ImportEntry& entry = entries.emplace_back();
    entry.path = path.substr(0, ImageSource::kMaxPathBytes);
    entry.by_path = true;
    if (path.size() > ImageSource::kMaxPathBytes) {
      entry.problem = fmt::format("its path is longer than {} bytes", ImageSource::kMaxPathBytes);
    }
  }
  place_entries(entries, is_export);
  Json files = Json::array();
  bool has_val = false;
  auto entry = entries.begin();
  for (const std::string& path : paths) {
    if (is_ignored(path)) {
      files.push_back({{"ignored", true}});
      continue;
    }
    has_val = has_val || entry->split == Split::val;
    files.push_back(file_json(*entry++));
  }
  const double val_fraction = is_export || has_val ? 0 : UploadOptions{}.val_fraction;
  return json_reply({{"files", std::move(files)}, {"val_fraction", val_fraction}});
}

}  // namespace fovea::server
