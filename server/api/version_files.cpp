#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/version_reply.h"
#include "server/app/app.h"
#include "server/http/multipart.h"
#include "server/http/problem.h"
#include "server/registry/manifest.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

struct ModelUpload {
  std::optional<std::span<const std::uint8_t>> model;
  std::span<const std::uint8_t> features;  // both are parts of the request
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The body is the model file, or a form with the part `model` and perhaps `features`.
ModelUpload read_model_upload(const Request& request) {
  if (request.body.empty()) throw HttpError(400, "the request has no body; send a model file");
  const std::string_view type = request.field("Content-Type").value_or("");
  if (!iequals(type.substr(0, 20), "multipart/form-data;")) return {bytes_of(request.body), {}};
  ModelUpload upload;
  const auto parts = reject_malformed(
      400, [&] { return parse_multipart(request.body, multipart_boundary(type)); });
  for (const Part& part : parts) {
    if (part.name == "model") upload.model = bytes_of(part.data);
    if (part.name == "features") upload.features = bytes_of(part.data);
  }
  if (!upload.model) throw HttpError(400, "the form has no part named \"model\"");
  return upload;
}

// One of the version's files; these bytes never change, so a client may keep them for ever.
Reply file_reply(const Request& request, const std::string& sha256, const std::string& name,
                 const std::function<SharedBytes()>& read) {
  const std::string etag = '"' + sha256 + '"';
  Reply reply;
  reply.fields = {
      {"Content-Type", "application/octet-stream"}, {"ETag", etag}, {"Cache-Control", "no-cache"}};
  if (etag_matches(request, etag)) {
    reply.status = 304;
    return reply;
  }
  reply.fields.emplace_back("Content-Disposition",
                            "attachment; filename=\"" + header_safe(name) + ".safetensors\"");
  reply.shared = read();
  return reply;
}

SharedBytes shared(std::vector<std::uint8_t> bytes) {
  const auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  return {owner, *owner};
}

// A download of what was given up is 410: it was there, and will not come back.
StoredVersion find_with_files(const Request& request, const App& app) {
  StoredVersion version = app.registry.find(request.params.at(0).second);
  if (version.removed) {
    throw HttpError(410, "the files of " + version_title(version.number) + " were removed");
  }
  return version;
}

}  // namespace

Reply upload_model(const Request& request, App& app) {
  const ModelUpload upload = read_model_upload(request);
  const int number = reject_malformed(422, [&] {
    return app.registry.publish(*upload.model, upload.features, Json::object(), request.actor);
  });
  Reply reply =
      json_reply(whole_version_json(app.registry.find(number), app.registry.aliases()), 201);
  reply.fields.emplace_back("Location", "/api/v1/models/" + std::to_string(number));
  return reply;
}

Reply show_version_weights(const Request& request, App& app) {
  const StoredVersion version = find_with_files(request, app);
  const std::string name = parse_manifest(version.manifest).value("name", "model") + "-" +
                           std::to_string(version.number);
  return file_reply(request, version.model_sha256, name, [&] {
    const auto served = app.model();
    if (served->number == version.number) return SharedBytes{served, served->file};
    return shared(app.registry.model_file(version));
  });
}

Reply show_version_features(const Request& request, App& app) {
  const StoredVersion version = find_with_files(request, app);
  if (!version.features_sha256) {
    throw HttpError(404, version_title(version.number) + " came without a feature bundle");
  }
  const std::string name = parse_manifest(version.manifest).value("name", "model") + "-" +
                           std::to_string(version.number) + ".features";
  return file_reply(request, *version.features_sha256, name,
                    [&] { return shared(*app.registry.features_file(version)); });
}

}  // namespace fovea::server
