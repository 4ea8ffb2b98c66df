#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fovea::server {

// Header fields, query parameters or path parameters, in the order they came.
using Fields = std::vector<std::pair<std::string, std::string>>;

bool same_name(std::string_view a, std::string_view b);  // ASCII, without case
// The first value of that name (compared without case).
std::optional<std::string_view> find_field(const Fields& fields, std::string_view name);

// One request with its whole body, free of sockets: tests make them by hand.
struct Request {
  std::string verb = "GET";
  std::string target = "/";  // as sent
  std::string path = "/";    // percent-decoded, without the query
  Fields query;              // percent-decoded
  Fields params;             // what {name} in the route's pattern stood for
  Fields fields;
  std::string body;
  std::string id;      // X-Request-Id: the client's, or one made here
  std::string remote;  // the peer's address

  std::optional<std::string_view> field(std::string_view name) const {
    return find_field(fields, name);
  }
};

// Bytes that are kept by someone else: a model file in memory, a page inside the binary.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::span<const std::uint8_t> bytes;
};

struct Reply {
  int status = 200;
  Fields fields;
  std::string body;
  std::optional<SharedBytes> shared;  // sent instead of `body`

  std::string_view content() const {
    if (!shared) return body;
    return {reinterpret_cast<const char*>(shared->bytes.data()), shared->bytes.size()};
  }
};

// What an answer that comes later is handed to: exactly once, from any thread.
using Respond = std::function<void(Reply)>;

// Whether an If-None-Match field names this entity tag (RFC 9110, 13.1.2; weak comparison).
bool etag_matches(const Request& request, std::string_view etag);

}  // namespace fovea::server
