#include "server/registry/first_model.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/model/model_file.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kActor = "server";

fs::path features_beside(const fs::path& model) {
  return model.parent_path() / (model.stem().string() + ".features.safetensors");
}

// A model without a name of its own is called after its file.
Json first_manifest(const Model& model, const fs::path& file) {
  const auto name = model.provenance.find("name");
  if (name != model.provenance.end() && !name->second.empty()) return Json::object();
  return {{"name", file.stem().string()}};
}

int publish_file(Registry& registry, const fs::path& file) {
  const auto bytes = read_file(file);
  if (const auto known = registry.recognise(bytes)) return *known;
  std::vector<std::uint8_t> features;
  const fs::path beside = features_beside(file);
  if (fs::exists(beside)) features = read_file(beside);
  return registry.publish(bytes, features, first_manifest(read_model(bytes), file), kActor);
}

void serve_file(Registry& registry, const fs::path& file, const std::string& reason) {
  try {
    registry.activate(publish_file(registry, file), kActor, reason);
  } catch (const FormatError& error) {
    throw FormatError("cannot serve the model " + file.string() + ": " + error.what());
  }
}

}  // namespace

void start_registry(Registry& registry, const fs::path& named,
                    const std::function<fs::path()>& bundled) {
  if (!named.empty()) return serve_file(registry, named, "named at the start");
  constexpr const char* kOther = "; name another model with --model FILE, it becomes a new version";
  try {
    if (registry.load_champion()) return;
  } catch (const FormatError& error) {
    throw FormatError(error.what() + std::string(kOther));
  } catch (const IoError& error) {
    throw IoError(error.what() + std::string(kOther));
  }
  serve_file(registry, bundled(), "first start");
}

}  // namespace fovea::server
