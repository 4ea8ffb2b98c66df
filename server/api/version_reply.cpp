#include "server/api/version_reply.h"

#include <fmt/core.h>

#include "engine/core/error.h"
#include "server/http/problem.h"
#include "server/registry/manifest.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

Json head(const StoredVersion& version, const Aliases& aliases) {
  Json names = Json::array();
  for (const auto& [name, number] : aliases) {
    if (number == version.number) names.push_back(name);
  }
  Json json = {{"number", version.number},
               {"version", std::to_string(version.number)},
               {"aliases", std::move(names)},
               {"published", iso_time(version.created)},
               {"weights_sha256", version.weights_sha256},
               {"file_sha256", version.model_sha256},
               {"features", version.features_sha256.has_value() && !version.removed}};
  if (version.removed) json["removed"] = iso_time(*version.removed);
  return json;
}

// Members that are not lists or objects, such as curves and matrices.
Json scalars_of(const Json& object) {
  Json scalars = Json::object();
  for (const auto& [key, value] : object.items()) {
    if (value.is_primitive()) scalars[key] = value;
  }
  return scalars;
}

// Replaces characters that are not safe in a header field: the name may come from a model file.
std::string header_safe(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    safe += plain ? c : '_';
  }
  return safe;
}

}  // namespace

Json version_json(const StoredVersion& version, const Aliases& aliases) {
  Json json = head(version, aliases);
  Json manifest;
  try {
    manifest = parse_manifest(version.manifest);
  } catch (const FormatError& error) {  // must not hide the other versions of a list
    json["name"] = "";
    json["classes"] = 0;
    json["damaged"] = error.what();
    return json;
  }
  json["name"] = manifest.value("name", "");
  json["classes"] = manifest.value("classes", Json::array()).size();
  for (const char* key : {"parent", "data", "data_revision", "job", "created", "parameters"}) {
    if (manifest.contains(key)) json[key] = manifest[key];
  }
  if (manifest.contains("metrics")) json["metrics"] = scalars_of(manifest["metrics"]);
  return json;
}

Json whole_version_json(const StoredVersion& version, const Aliases& aliases) {
  Json json = head(version, aliases);
  json["manifest"] = parse_manifest(version.manifest);
  json["name"] = json["manifest"].value("name", "");
  return json;
}

StoredVersion find_with_files(const Request& request, const Registry& registry) {
  StoredVersion version = registry.find(request.params.at(0).second);
  if (version.removed) {
    throw HttpError(410,
                    fmt::format("the files of {} were removed", version_title(version.number)));
  }
  return version;
}

std::string file_stem(const StoredVersion& version) {
  const std::string name = parse_manifest(version.manifest).value("name", "model");
  return fmt::format("{}-{}", name, version.number);
}

std::string attachment(const std::string& file) {
  return fmt::format("attachment; filename=\"{}\"", header_safe(file));
}

Reply model_file_reply(const Request& request, const std::string& sha256, const std::string& name,
                       const std::function<SharedBytes()>& read) {
  const std::string etag = '"' + sha256 + '"';
  Reply reply;
  reply.fields = {
      {"Content-Type", "application/octet-stream"}, {"ETag", etag}, {"Cache-Control", "no-cache"}};
  if (etag_matches(request, etag)) {
    reply.status = 304;
    return reply;
  }
  reply.fields.emplace_back("Content-Disposition", attachment(name + ".safetensors"));
  reply.shared = read();
  return reply;
}

}  // namespace fovea::server
