#include "server/app/project_archive.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/data/image_source.h"
#include "server/dataset/export.h"
#include "server/registry/manifest.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr const char* kProjectFile = "project.json";
constexpr const char* kManifestFile = "manifest.jsonl";
constexpr int kMaxVersions = 1000;
constexpr std::size_t kBatchImages = 500;
constexpr std::size_t kBatchBytes = 16 << 20;

std::string model_path(int number) {
  return fmt::format("models/{}.safetensors", number);
}
std::string features_path(int number) {
  return fmt::format("models/{}.features.safetensors", number);
}

ExtraFile extra_text(const std::string& path, const std::string& text) {
  return {path, [text] { return std::vector<std::uint8_t>(text.begin(), text.end()); }, true};
}

Json read_json(const SourceFile& file) {
  Json json = Json::parse(file.bytes.begin(), file.bytes.end(), nullptr, false);
  if (!json.is_object()) throw FormatError(file.path + " is not a JSON object");
  return json;
}

template <class T>
T member(const Json& json, const char* name, const std::string& file) {
  try {
    return json.at(name).get<T>();
  } catch (const Json::exception&) {
    throw FormatError(fmt::format("{}: \"{}\" is missing or has the wrong type", file, name));
  }
}

// Calls f(SourceFile&) for each file, until it returns false.
template <class F>
void for_each_file(std::span<const std::uint8_t> archive, F&& f) {
  const auto source = open_archive(archive, "the archive of the project");
  SourceFile file;
  while (source->next(file)) {
    if (!file.problem.empty()) throw FormatError(file.path + ": " + file.problem);
    if (!f(file)) return;
  }
}

Origin parse_origin(const std::string& text) {
  for (const Origin origin : {Origin::import, Origin::upload, Origin::correction}) {
    if (to_string(origin) == text) return origin;
  }
  throw FormatError(fmt::format("{}: \"{}\" is not a source of images", kManifestFile, text));
}

// What manifest.jsonl says about an image.
struct ImageEntry {
  std::string name, label;
  Split split = Split::train;
  Origin origin = Origin::upload;
  std::int64_t added_at = 0;
};

class ProjectImport {
 public:
  ProjectImport(App& app, std::span<const std::uint8_t> archive, const std::string& actor)
      : app_(app), archive_(archive), actor_(actor) {}

  void run() {
    read_descriptions();
    for (const Json& version : versions_) {
      if (version.value("active", false)) trained_until_ = data_time_of(version);
    }
    add_images([this](const ImageEntry& image) { return image.added_at <= trained_until_; });
    publish_versions();
    add_images([this](const ImageEntry& image) { return image.added_at > trained_until_; });
    if (added_ == images_.size()) return;
    throw FormatError(fmt::format("the archive has {} of the {} images in its manifest.jsonl",
                                  added_, images_.size()));
  }

 private:
  static std::int64_t data_time_of(const Json& version) {
    const Json manifest = version.value("manifest", Json::object());
    const auto time = manifest.find("data_time");
    return time != manifest.end() && time->is_number_integer() ? time->get<std::int64_t>() : 0;
  }

  // Reads project.json, the models and manifest.jsonl.
  void read_descriptions() {
    bool found = false;
    for_each_file(archive_, [&](SourceFile& file) {
      if (file.path == kProjectFile) {
        found = true;
        const Json list = read_json(file).value("versions", Json::array());
        if (!list.is_array() || list.size() > kMaxVersions) {
          throw FormatError("project.json: \"versions\" is not a list of versions");
        }
        for (const Json& version : list) versions_.push_back(version);
      } else if (file.path.starts_with("models/")) {
        models_[file.path] = std::move(file.bytes);
      } else if (file.path == kManifestFile) {
        read_manifest(file);
      }
      return true;
    });
    if (!found) throw FormatError("the archive has no project.json: it is not an exported project");
  }

  void read_manifest(const SourceFile& file) {
    std::string_view rest(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.empty()) continue;
      const Json json = Json::parse(line, nullptr, false);
      if (!json.is_object()) throw FormatError("manifest.jsonl has a line that is not an object");
      const auto text = [&](const char* name) {
        return member<std::string>(json, name, kManifestFile);
      };
      ImageEntry& image = images_[text("file")];
      image = {text("name"), text("label"), parse_split(text("split")),
               parse_origin(text("source")), member<std::int64_t>(json, "added_at", kManifestFile)};
    }
  }

  // Adds the images for which `wanted` is true.
  void add_images(const std::function<bool(const ImageEntry&)>& wanted) {
    bool any = false;
    for (const auto& [path, image] : images_) any |= wanted(image);
    if (!any) return;
    std::vector<std::pair<const ImageEntry*, std::vector<std::uint8_t>>> batch;
    std::size_t bytes = 0;
    const auto flush = [&] {
      add_batch(batch);
      batch.clear();
      bytes = 0;
    };
    for_each_file(archive_, [&](SourceFile& file) {
      const auto found = images_.find(file.path);
      if (found == images_.end() || !wanted(found->second)) return true;
      bytes += file.bytes.size();
      batch.emplace_back(&found->second, std::move(file.bytes));
      if (batch.size() >= kBatchImages || bytes >= kBatchBytes) flush();
      return true;
    });
    flush();
  }

  void add_batch(
      const std::vector<std::pair<const ImageEntry*, std::vector<std::uint8_t>>>& batch) {
    for (const Origin origin : {Origin::import, Origin::upload, Origin::correction}) {
      std::vector<NewImage> images;
      for (const auto& [image, bytes] : batch) {
        if (image->origin != origin) continue;
        images.push_back({image->name, bytes, image->label, image->split});
      }
      if (images.empty()) continue;
      added_ += images.size();
      UploadOptions options;
      options.partial = true;
      const AddReport report = app_.training.add(images, origin, options);
      for (const FileResult& result : report.verdicts) {
        if (result.kind == FileResult::Kind::rejected) {
          throw FormatError(result.file + ": " + result.reason);
        }
      }
    }
  }

  const std::vector<std::uint8_t>& model_file(const std::string& path) const {
    const auto found = models_.find(path);
    if (found == models_.end()) throw FormatError("the archive has no " + path);
    return found->second;
  }

  // The images so far were added until now, and those of the active version are among them.
  void publish_versions() {
    const std::int64_t now = std::time(nullptr);
    while (std::time(nullptr) == now) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::map<int, int> numbers;  // in the archive -> here
    for (const Json& version : versions_) {
      const int number = member<int>(version, "number", kProjectFile);
      Json manifest = member<Json>(version, "manifest", kProjectFile);
      manifest.erase("job");  // of another server
      if (manifest.contains("data_time")) manifest["data_time"] = now;
      const auto parent = manifest.find("parent");
      if (parent != manifest.end()) {
        const int old = parent->is_number_integer() ? parent->get<int>() : 0;
        manifest.erase("parent");
        if (numbers.contains(old)) manifest["parent"] = numbers[old];
      }
      const auto features = models_.find(features_path(number));
      const int published = app_.registry.publish(
          model_file(model_path(number)),
          features == models_.end() ? std::vector<std::uint8_t>() : features->second, manifest,
          actor_);
      numbers[number] = published;
      if (version.value("active", false)) app_.registry.activate(published, actor_, "imported");
    }
  }

  App& app_;
  const std::span<const std::uint8_t> archive_;
  const std::string actor_;
  std::vector<Json> versions_;
  std::map<std::string, std::vector<std::uint8_t>> models_;
  std::map<std::string, ImageEntry> images_;  // by path in the archive
  std::int64_t trained_until_ = 0;
  std::size_t added_ = 0;  // images
};

}  // namespace

std::function<std::optional<std::string>()> export_project(App& app) {
  const ProjectSettings& settings = app.options.settings;
  Json json = {{"title", app.is_default() ? "" : read_project(app.options.data_dir).title}};
  json[settings.backbone.empty() ? "preset" : "backbone"] =
      settings.backbone.empty() ? settings.preset : settings.backbone;
  Json list = Json::array();
  std::vector<ExtraFile> models;
  const auto active = app.model_or_null();
  std::vector<StoredVersion> versions = app.registry.newest(kMaxVersions);
  std::reverse(versions.begin(), versions.end());
  for (const StoredVersion& version : versions) {
    if (version.removed) continue;
    list.push_back({{"number", version.number},
                    {"active", active && active->number == version.number},
                    {"manifest", parse_manifest(version.manifest)}});
    models.push_back({model_path(version.number),
                      [&app, version] { return app.registry.model_file(version); }, false});
    if (!version.features_sha256) continue;
    models.push_back({features_path(version.number),
                      [&app, version] { return *app.registry.features_file(version); }, false});
  }
  json["versions"] = std::move(list);
  models.insert(models.begin(),
                extra_text(kProjectFile, json.dump(2, ' ', false, Json::error_handler_t::replace)));
  return export_zip(app.training.snapshot(), app.training, std::move(models));
}

ProjectSettings read_archived_settings(std::span<const std::uint8_t> archive) {
  ProjectSettings settings;
  bool found = false;
  for_each_file(archive, [&](SourceFile& file) {
    if (file.path != kProjectFile) return true;
    const Json json = read_json(file);
    settings.title = member<std::string>(json, "title", kProjectFile);
    if (json.contains("backbone")) {
      settings.preset.clear();
      settings.backbone = member<std::string>(json, "backbone", kProjectFile);
    } else {
      settings.preset = member<std::string>(json, "preset", kProjectFile);
    }
    found = true;
    return false;
  });
  if (!found) throw FormatError("the archive has no project.json: it is not an exported project");
  return settings;
}

void import_project(App& app, std::span<const std::uint8_t> archive, const std::string& actor) {
  ProjectImport(app, archive, actor).run();
}

}  // namespace fovea::server
