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

// Header fields, query parameters or path parameters, in the order of the request.
using Fields = std::vector<std::pair<std::string, std::string>>;

bool iequals(std::string_view a, std::string_view b);  // ASCII, ignores case
// The first value of that name (ignores case).
std::optional<std::string_view> find_field(const Fields& fields, std::string_view name);

// One request with its whole body. It does not depend on a socket, so tests can construct it.
struct Request {
  std::string verb = "GET";
  std::string target = "/";  // as sent
  std::string path = "/";    // percent-decoded, without the query
  Fields query;              // percent-decoded
  Fields params;             // values of {name} in the route's pattern
  Fields fields;
  std::string body;
  std::string id;       // X-Request-Id of the client, or a generated one
  std::string remote;   // address of the client
  bool secure = false;  // HTTPS, here or at a trusted proxy
  // Who sent it: "local" (no tokens, this machine), "admin", "predict" or "anonymous".
  std::string actor = "local";
  std::string only_project;  // the sender's token is restricted to this project; empty: to none

  bool may_use(std::string_view project) const {
    return only_project.empty() || only_project == project;
  }
  std::optional<std::string_view> field(std::string_view name) const {
    return find_field(fields, name);
  }
};

// Bytes with a shared owner: a model file in memory, a page inside the binary.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::span<const std::uint8_t> bytes;
};

// A body that is produced while it is sent, in chunks: an export, a stream of events.
class BodyStream {
 public:
  // The next bytes, and whether more will follow.
  using Ready = std::function<void(std::string bytes, bool more)>;
  virtual ~BodyStream() = default;
  // Requests the next bytes. `ready` is called once, from any thread, during the call or later. The
  // session calls next() again only after the previous bytes were sent, and not after the last
  // ones. When the client disconnects, the stream is destroyed and a pending `ready` may be
  // dropped. The same happens to a text/event-stream when the server drains, because such a stream
  // does not end. If next() throws, the connection is closed, so that the client sees an incomplete
  // body.
  virtual void next(Ready ready) = 0;
  // Whether next() may wait for a disk. It is then called on a worker thread.
  virtual bool waits_for_disk() const { return false; }
  // Sent after ServerOptions::heartbeat without data, so that proxies keep the connection open.
  virtual std::string heartbeat() const { return {}; }
};

// A stream of the pieces that `pull` returns, up to the first nullopt. `pull` is called on a worker
// thread, one call at a time, and may wait for a disk.
std::shared_ptr<BodyStream> make_pull_stream(std::function<std::optional<std::string>()> pull);

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

// A response that browsers save as a file; not stored by caches. `pull` as in make_pull_stream().
Reply download_reply(std::string type, const std::string& file,
                     std::function<std::optional<std::string>()> pull);

// What a handler produces: its response, or the exception that the response is made from.
using Result = std::variant<Reply, std::exception_ptr>;
// Called exactly once, from any thread, by a handler that responds later.
using Respond = std::function<void(Result)>;

// Whether an If-None-Match field names this entity tag (RFC 9110, 13.1.2; weak comparison).
bool etag_matches(const Request& request, std::string_view etag);

}  // namespace fovea::server
