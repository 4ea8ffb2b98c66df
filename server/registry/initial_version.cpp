#include "server/registry/initial_version.h"

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/model/model_file.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
constexpr const char* kActor = "server";

fs::path features_beside(const fs::path& model) {
  return model.parent_path() / (model.stem().string() + ".features.safetensors");
}

// A model whose provenance has no name is named after its file.
Json manifest_for(const Model& model, const fs::path& file) {
  const auto name = model.provenance.find("name");
  if (name != model.provenance.end() && !name->second.empty()) return Json::object();
  return {{"name", file.stem().string()}};
}

int publish_file(Registry& registry, const fs::path& file) {
  const auto bytes = read_file(file);
  if (const auto known = registry.find_identical(bytes)) return *known;
  std::vector<std::uint8_t> features;
  const fs::path features_path = features_beside(file);
  if (fs::exists(features_path)) features = read_file(features_path);
  return registry.publish(bytes, features, manifest_for(read_model(bytes), file), kActor);
}

void activate_file(Registry& registry, const fs::path& file, const std::string& reason) {
  try {
    registry.activate(publish_file(registry, file), kActor, reason);
  } catch (const FormatError& error) {
    throw FormatError("cannot serve the model " + file.string() + ": " + error.what());
  }
}

}  // namespace

void activate_initial_version(Registry& registry, const fs::path& model,
                              const std::function<fs::path()>& find_bundled) {
  // Several processes may start at the same time on an empty store: only one publishes the model.
  const Registry::Exclusive exclusive(registry);
  if (!model.empty()) return activate_file(registry, model, "given at server start");
  constexpr const char* kHint = "; use --model FILE to serve another model file";
  try {
    if (registry.load_champion()) return;
  } catch (const FormatError& error) {
    throw FormatError(error.what() + std::string(kHint));
  } catch (const IoError& error) {
    throw IoError(error.what() + std::string(kHint));
  }
  activate_file(registry, find_bundled(), "first start");
}

}  // namespace fovea::server
