#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/core/error.h"
#include "engine/data/dataset_change.h"
#include "server/http/multipart.h"
#include "server/http/problem.h"

namespace fovea::server {

// Readers of query, body and form. They throw HttpError 400 that names the parameter or member, and
// 413 for JSON of more than 8 MiB.

// Calls `read`, which reads bytes from the client. A FormatError becomes an HttpError.
template <class Read>
auto reject_malformed(int status, Read&& read) {
  try {
    return read();
  } catch (const DatasetDamaged&) {
    throw;  // stored, not sent
  } catch (const FormatError& error) {
    throw HttpError(status, error.what());
  }
}

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The file name of a part, cut to 255 bytes; empty if it has none.
std::string file_name_of(const Part& part);

// A whole number in the query; `otherwise` if it is absent.
std::int64_t read_number(const Request& request, std::string_view name, std::int64_t low,
                         std::int64_t high, std::int64_t otherwise);

// The start of the last `hours` of the query; nullopt if it is absent.
std::optional<std::chrono::system_clock::time_point> read_since(const Request& request);

// The window of a list: `limit` entries with an id below `before`; 0 = from the newest.
struct Page {
  int limit;
  std::int64_t before;
};
Page read_page(const Request& request, int max_limit, int default_limit,
               std::int64_t max_before = std::numeric_limits<std::int64_t>::max());
// The path of the page after the entry with this id.
std::string next_page(const std::string& path, const Page& page, std::int64_t last_id);

// One JSON object, nested at most 16 deep and with at most 1,000 names.
nlohmann::ordered_json parse_object(std::string_view text);

// The body as one JSON object; an empty body is an empty object. Numbers without a fraction become
// integers, whatever their notation.
nlohmann::ordered_json read_object(const Request& request);

// A string member of at most 1,000 bytes; empty if it is absent.
std::string read_text(const nlohmann::ordered_json& object, const char* name);

// The parts of a multipart form. They point into the request.
std::vector<Part> read_parts(const Request& request, const MultipartLimits& limits = {});

}  // namespace fovea::server
