#include "server/jobs/job_protocol.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
constexpr int kMaxDepth = 16;
constexpr std::uint64_t kMaxFile = 64 << 20;

// Discarded unless it is valid JSON of at most kMaxDepth levels.
Json parse(std::string_view text) {
  bool deep = false;
  Json parsed = Json::parse(
      text, [&deep](int depth, Json::parse_event_t, Json&) { return !(deep |= depth > kMaxDepth); },
      false);
  return deep ? Json(Json::value_t::discarded) : parsed;
}

Json read_object(const fs::path& file) {
  const auto bytes = read_file(file, kMaxFile);
  Json parsed = parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!parsed.is_object()) throw FormatError(file.string() + " is not a JSON object");
  return parsed;
}

void write_json(const fs::path& file, const Json& json, int indent) {
  write_file_atomically(file, json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n");
}

bool is_file(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

template <class T>
T value_of(const Json& json, const char* key) {
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    throw FormatError("\"" + std::string(key) + "\" is missing or has the wrong type");
  }
}

JobModel parse_model(const Json& json) {
  JobModel model;
  model.version = value_of<int>(json, "version");
  model.model = value_of<std::string>(json, "model");
  if (const auto features = json.find("features");
      features != json.end() && features->is_string()) {
    model.features = features->get<std::string>();
  }
  model.trained_on.data_time = value_of<std::int64_t>(json, "data_time");
  model.trained_on.external_classes = value_of<int>(json, "classes_elsewhere");
  return model;
}

JobSpec parse_job(const Json& json) {
  JobSpec spec;
  spec.kind = value_of<std::string>(json, "kind");
  spec.id = value_of<std::int64_t>(json, "id");
  spec.threads = std::max(1, value_of<int>(json, "threads"));
  spec.data_dir = value_of<std::string>(json, "data_dir");
  spec.dataset = value_of<std::string>(json, "dataset");
  spec.champion = parse_model(value_of<Json>(json, "champion"));
  if (const auto first = json.find("first"); first != json.end() && first->is_object()) {
    spec.first = {value_of<std::string>(*first, "name"), value_of<std::string>(*first, "preset")};
  }
  if (const auto backbone = json.find("backbone");
      backbone != json.end() && backbone->is_object()) {
    spec.backbone = {value_of<std::string>(*backbone, "name"),
                     value_of<std::string>(*backbone, "file"),
                     value_of<std::string>(*backbone, "model_name")};
  }
  spec.options = value_of<Json>(json, "options");
  if (!spec.options.is_object()) throw FormatError("\"options\" is not an object");
  return spec;
}

Json to_json(const JobSpec& spec) {
  const JobModel& champion = spec.champion;
  Json json = {
      {"kind", spec.kind},
      {"id", spec.id},
      {"threads", spec.threads},
      {"data_dir", spec.data_dir.string()},
      {"dataset", spec.dataset},
      {"champion",
       {{"version", champion.version},
        {"model", champion.model.string()},
        {"features", champion.features.empty() ? Json() : Json(champion.features.string())},
        {"data_time", champion.trained_on.data_time},
        {"classes_elsewhere", champion.trained_on.external_classes}}},
      {"options", spec.options}};
  if (spec.first) json["first"] = {{"name", spec.first->name}, {"preset", spec.first->preset}};
  if (spec.backbone) {
    json["backbone"] = {{"name", spec.backbone->name},
                        {"file", spec.backbone->file.string()},
                        {"model_name", spec.backbone->model_name}};
  }
  return json;
}

// The path below `to` instead of below `from`; other paths stay.
fs::path moved(const fs::path& path, const fs::path& from, const fs::path& to) {
  const fs::path relative = path.lexically_relative(from);
  return relative.empty() || *relative.begin() == ".." ? path : to / relative;
}

// Adapts the paths if the data directory, in which the folder is jobs/ID, was renamed since.
void follow_data_dir(JobSpec& spec, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(spec.data_dir, error)) return;
  const fs::path now = folder.parent_path().parent_path();
  for (fs::path* path : {&spec.champion.model, &spec.champion.features}) {
    if (!path->empty()) *path = moved(*path, spec.data_dir, now);
  }
  spec.data_dir = now;
}

}  // namespace

Json to_json(const RetrainResult& result) {
  return {{"mode", result.mode},
          {"model", result.model},
          {"features", result.features},
          {"manifest", result.manifest},
          {"verdict", result.verdict},
          {"forgetting", result.forgetting},
          {"evaluation", result.evaluation}};
}

Json to_json(const EvaluateResult& result) {
  return {
      {"evaluation", result.evaluation}, {"images", result.images}, {"accuracy", result.accuracy}};
}

Json to_json(const ImportResult& result) {
  return {{"source", result.source},
          {"added", result.added},
          {"duplicates", result.duplicates},
          {"rejected", result.rejected}};
}

RetrainResult parse_retrain_result(const Json& json) {
  RetrainResult result;
  result.mode = json.value("mode", "");
  result.model = value_of<std::string>(json, "model");
  if (const auto features = json.find("features");
      features != json.end() && features->is_string()) {
    result.features = features->get<std::string>();
  }
  result.manifest = json.value("manifest", Json::object());
  if (!result.manifest.is_object()) throw FormatError("\"manifest\" is not an object");
  result.verdict = json.value("verdict", Json());
  result.forgetting = json.value("forgetting", Json());
  result.evaluation = json.value("evaluation", "");
  return result;
}

EvaluateResult parse_evaluate_result(const Json& json) {
  return {value_of<std::string>(json, "evaluation"), json.value("images", std::int64_t{0}),
          json.value("accuracy", 0.0)};
}

void write_job(const fs::path& folder, const JobSpec& spec) {
  // The folder exists if a job of an earlier database had the same number.
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw IoError("cannot remove " + folder.string() + ": " + error.message());
  write_json(folder / kJobFile, to_json(spec), 2);
}

bool has_job(const fs::path& folder) {
  return is_file(folder / kJobFile);
}

JobSpec read_job(const fs::path& folder) {
  const fs::path file = folder / kJobFile;
  const Json json = read_object(file);
  try {
    JobSpec spec = parse_job(json);
    follow_data_dir(spec, folder);
    return spec;
  } catch (const FormatError& error) {
    throw FormatError(file.string() + ": " + error.what());
  }
}

void write_result(const fs::path& folder, const Json& result) {
  Json json = {{"event", job_event::kResult}};
  json.update(result);
  write_json(folder / kResultFile, json, -1);
}

bool has_result(const fs::path& folder) {
  return is_file(folder / kResultFile);
}

Json read_result(const fs::path& folder) {
  if (!has_result(folder)) {
    throw IoError(std::string("the worker exited successfully but wrote no ") + kResultFile);
  }
  Json result = read_object(folder / kResultFile);
  if (result.value("event", Json()) != job_event::kResult) {
    throw FormatError((folder / kResultFile).string() + " is not a job result");
  }
  result.erase("event");
  return result;
}

fs::path result_file(const fs::path& folder, const std::string& name) {
  const fs::path path = name;
  if (path.empty() || path != path.filename() || path == "." || path == "..") {
    throw FormatError("the job's result names a file outside its folder: \"" + name + "\"");
  }
  return folder / path;
}

void remove_job_data(const fs::path& folder) noexcept {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path name = entry->path().filename();
    if (name == kJobFile || name == kResultFile || name == kLogFile) continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

Json parse_event(std::string_view line) {
  Json none(Json::value_t::discarded);
  if (line.empty() || line[0] != '{') return none;
  Json event = parse(line);
  if (!event.is_object()) return none;
  const auto name = event.find("event");
  return name != event.end() && name->is_string() ? event : none;
}

}  // namespace fovea::server
