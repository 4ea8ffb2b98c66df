#include <fmt/core.h>

#include "engine/model/model_file.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/version_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

using Bytes = std::span<const std::uint8_t>;

struct ModelUpload {  // both point into the request
  Bytes model;
  Bytes features;  // may be empty
};

// The body is a model file, or a form with the part `model` and optionally `features`.
ModelUpload read_model_upload(const Request& request) {
  if (request.body.empty()) throw HttpError(400, "the request has no body; send a model file");
  const std::string_view type = request.field("Content-Type").value_or("");
  if (!iequals(type.substr(0, 20), "multipart/form-data;")) return {bytes_of(request.body), {}};
  std::optional<Bytes> model;
  Bytes features;
  for (const Part& part : read_parts(request)) {
    if (part.name == "model") model = bytes_of(part.data);
    if (part.name == "features") features = bytes_of(part.data);
  }
  if (!model) throw HttpError(400, "the form has no part named \"model\"");
  return {*model, features};
}

// The time of the newest image that the model was trained on, if its data is a state of this
// dataset. So images that `fovea train` used do not count as new.
Json training_data_of(const Model& model, App& app) {
  const auto revision = model.provenance.find("data_revision");
  if (revision == model.provenance.end()) return Json::object();
  const auto time = app.training.snapshot()->dataset.index().time_of_revision(revision->second);
  return time ? Json{{"data_time", *time}} : Json::object();
}

SharedBytes share(std::vector<std::uint8_t> bytes) {
  const auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  return {owner, *owner};
}

}  // namespace

Reply upload_model(const Request& request, App& app) {
  const ModelUpload upload = read_model_upload(request);
  const int number = reject_malformed(422, [&] {
    return app.registry.publish(upload.model, upload.features,
                                training_data_of(read_model(upload.model), app), request.actor);
  });
  Reply reply =
      json_reply(whole_version_json(app.registry.find(number), app.registry.aliases()), 201);
  reply.fields.emplace_back("Location", fmt::format("{}/models/{}", app.api, number));
  return reply;
}

Reply show_version_weights(const Request& request, App& app) {
  const StoredVersion version = find_with_files(request, app.registry);
  return model_file_reply(request, version.model_sha256, file_stem(version), [&] {
    const auto active = app.model_or_null();
    if (active && active->number == version.number) return SharedBytes{active, active->file};
    return share(app.registry.model_file(version));
  });
}

Reply show_version_features(const Request& request, App& app) {
  const StoredVersion version = find_with_files(request, app.registry);
  if (!version.features_sha256) {
    throw HttpError(404,
                    fmt::format("{} has no feature statistics", version_title(version.number)));
  }
  return model_file_reply(request, *version.features_sha256, file_stem(version) + ".features",
                          [&] { return share(*app.registry.features_file(version)); });
}

}  // namespace fovea::server
