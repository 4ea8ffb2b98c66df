#include "server/serve/served_model.h"

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace fovea::server {
namespace {

std::string provenance_or(const Model& model, const std::string& key, const std::string& other) {
  const auto found = model.provenance.find(key);
  return found == model.provenance.end() || found->second.empty() ? other : found->second;
}

}  // namespace

ServedModel::ServedModel(std::vector<std::uint8_t> bytes, const std::string& fallback_name)
    : file(std::move(bytes)),
      classifier(file),
      file_sha256(sha256_hex(file)),
      name(provenance_or(classifier.model(), "name", fallback_name)),
      version(provenance_or(classifier.model(), "version",
                            classifier.weights_sha256().substr(0, 12))) {}

std::shared_ptr<const ServedModel> load_served_model(const std::filesystem::path& path) {
  try {
    return std::make_shared<const ServedModel>(read_file(path), path.stem().string());
  } catch (const FormatError& error) {
    throw FormatError("cannot serve the model " + path.string() + ": " + error.what());
  }
}

}  // namespace fovea::server
