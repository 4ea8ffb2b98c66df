#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "server/http/guard.h"
#include "server/http/message.h"
#include "server/http/router.h"

namespace fovea::server {

// What the head of a request says about the bytes that follow.
struct Framing {
  unsigned version = 11;  // 10 or 11
  std::optional<std::uint64_t> content_length;
};

// Bytes.
struct BodyLimits {
  std::uint64_t per_request = 0;  // for routes that do not state a limit
  std::uint64_t total = 0;        // of all requests at one time
};

struct Admission {
  std::optional<Reply> refusal;  // sent without reading the body or calling a handler
  bool close = false;  // the end of the request is unknown, so the connection cannot be reused
  Match match;
  std::shared_ptr<App> project;  // of the match, found by the session; null: the default one
  std::uint64_t body_limit = 0;  // bytes
};

// Checks a request by its head: target, Host, route, Transfer-Encoding, announced length, Expect,
// and with a guard who may send it. Sets path and query of the request, its id when the client sent
// a valid one, and with a guard also actor and remote.
Admission admit(Request& request, const Framing& framing, const Router& router,
                const BodyLimits& limits, Guard* guard = nullptr);

Reply body_too_large(const Request& request, std::uint64_t limit);  // 413, states the limit

}  // namespace fovea::server
