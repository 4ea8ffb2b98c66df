#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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
  std::string id;       // X-Request-Id: the client's, or one made here
  std::string remote;   // the peer's address
  bool secure = false;  // the client used https, as far as that can be told
  // On whose authority: "local" (no tokens, this machine), "admin", "predict" or "anonymous".
  std::string actor = "local";

  std::optional<std::string_view> field(std::string_view name) const {
    return find_field(fields, name);
  }
};

// Bytes that are kept by someone else: a model file in memory, a page inside the binary.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::span<const std::uint8_t> bytes;
};

// A body that is made while it is sent, in chunks: an export, a stream of events.
class BodyStream {
 public:
  // The next bytes, and whether more will follow.
  using Ready = std::function<void(std::string bytes, bool more)>;
  virtual ~BodyStream() = default;
  // Asks for the next bytes; `ready` is called once, from any thread, now or when there are some.
  // Asked one at a time: not again before the last bytes were sent, and not after the last. When
  // the client leaves, the stream is destroyed; a `ready` that is still held may then be dropped.
  // So it is when the server drains, if its Content-Type is text/event-stream: such a stream has
  // no end of its own. What next() throws cuts the connection: a body without its end.
  virtual void next(Ready ready) = 0;
  // Whether next() may wait for a disk; it is then called on a worker thread.
  virtual bool waits_for_disk() const { return false; }
  // Sent when nothing came for 15 s, so that nobody between takes the connection for dead.
  virtual std::string heartbeat() const { return {}; }
};

struct Reply {
  int status = 200;
  Fields fields;
  std::string body;
  std::optional<SharedBytes> shared;   // sent instead of `body`
  std::shared_ptr<BodyStream> stream;  // sent instead of both, length unknown

  std::string_view content() const {
    if (!shared) return body;
    return {reinterpret_cast<const char*>(shared->bytes.data()), shared->bytes.size()};
  }
};

// What a handler gives: its response, or the exception that the response is made from.
using Result = std::variant<Reply, std::exception_ptr>;
// Called exactly once, from any thread, by a handler that responds later.
using Respond = std::function<void(Result)>;

// Whether an If-None-Match field names this entity tag (RFC 9110, 13.1.2; weak comparison).
bool etag_matches(const Request& request, std::string_view etag);

}  // namespace fovea::server
