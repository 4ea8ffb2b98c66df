#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/core/error.h"
#include "server/http/problem.h"

namespace fovea::server {

// Calls `read`, which reads bytes of the client: a FormatError becomes an HttpError of this status.
template <class Read>
auto reject_malformed(int status, Read&& read) {
  try {
    return read();
  } catch (const FormatError& error) {
    throw HttpError(status, error.what());
  }
}

// What a handler reads from a request besides images. All throw HttpError: 400 naming the field,
// and 413 for JSON above 8 MiB.

// A whole number of the query; `otherwise` when it is not given.
std::int64_t read_number(const Request& request, std::string_view name, std::int64_t low,
                         std::int64_t high, std::int64_t otherwise);

// One JSON object. Refuses what is nested above 16 and more than 1,000 names.
nlohmann::ordered_json parse_object(std::string_view text);

// The body as one JSON object; an empty body is an empty object.
// A number without a fraction comes as an integer, however it was written.
nlohmann::ordered_json read_object(const Request& request);

// A text of the object, at most 1,000 bytes; empty when it is not given.
std::string read_text(const nlohmann::ordered_json& object, const char* name);

}  // namespace fovea::server
