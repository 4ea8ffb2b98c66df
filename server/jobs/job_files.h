#pragma once

#include <filesystem>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace fovea::server {

// The folder of one job: job.json (what to do), result.json (there when it is done), and what the
// child keeps beside them.

// Makes the folder anew. Throws IoError.
void write_job(const std::filesystem::path& folder, const nlohmann::ordered_json& job);
bool has_job(const std::filesystem::path& folder);
nlohmann::ordered_json read_job(const std::filesystem::path& folder);  // IoError, FormatError
bool has_result(const std::filesystem::path& folder);
// Throws IoError when there is none, FormatError when it is no result.
nlohmann::ordered_json read_result(const std::filesystem::path& folder);
// A file that the result names, inside the folder: FormatError for a path that leads elsewhere.
std::filesystem::path result_file(const std::filesystem::path& folder,
                                  const nlohmann::ordered_json& result, const char* key);
// Takes away models and checkpoints; job.json, result.json and the log stay.
void keep_only_records(const std::filesystem::path& folder) noexcept;

// One line of the child: an object with a text `event`; discarded when it is something else.
nlohmann::ordered_json parse_line(std::string_view line);

}  // namespace fovea::server
