#include "server/jobs/job_files.h"

#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 16;
constexpr std::uint64_t kMaxFile = 64 << 20;

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

bool is_file(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

}  // namespace

void write_job(const fs::path& folder, const Json& job) {
  std::error_code error;
  fs::remove_all(folder, error);  // left by a job of an older database that had this number
  if (error) throw IoError("cannot remove " + folder.string() + ": " + error.message());
  write_file_atomically(folder / "job.json", job.dump(2) + "\n");
}

bool has_job(const fs::path& folder) {
  return is_file(folder / "job.json");
}

Json read_job(const fs::path& folder) {
  return read_object(folder / "job.json");
}

bool has_result(const fs::path& folder) {
  return is_file(folder / "result.json");
}

Json read_result(const fs::path& folder) {
  if (!has_result(folder)) {
    throw IoError("the job ended as if it had succeeded, but left no result.json");
  }
  Json result = read_object(folder / "result.json");
  if (result.value("event", Json()) != "result") {
    throw FormatError((folder / "result.json").string() + " is not a result");
  }
  return result;
}

fs::path result_file(const fs::path& folder, const Json& result, const char* key) {
  const auto given = result.find(key);
  if (given == result.end() || !given->is_string()) {
    throw FormatError(std::string("the result of the job has no \"") + key + "\"");
  }
  const fs::path name = given->get<std::string>();
  if (name.empty() || name != name.filename() || name == "." || name == "..") {
    throw FormatError("the result of the job names " + name.string() + ", which is not its own");
  }
  return folder / name;
}

void keep_only_records(const fs::path& folder) noexcept {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path name = entry->path().filename();
    if (name == "job.json" || name == "result.json" || name == "stderr.log") continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

Json parse_line(std::string_view line) {
  Json none(Json::value_t::discarded);
  if (line.empty() || line[0] != '{') return none;
  Json event = parse(line);
  if (!event.is_object()) return none;
  const auto name = event.find("event");
  return name != event.end() && name->is_string() ? event : none;
}

}  // namespace fovea::server
