#pragma once

#include <cstdint>
#include <optional>

#include "server/http/guard.h"
#include "server/http/message.h"
#include "server/http/router.h"

namespace fovea::server {

// What a request's head says about the bytes that follow.
struct Framing {
  unsigned version = 11;  // 10 or 11
  std::optional<std::uint64_t> content_length;
};

// Bytes of a request's body.
struct BodyLimits {
  std::uint64_t usual = 0;     // where a route states no other
  std::uint64_t together = 0;  // of all requests at one time
};

struct Admission {
  std::optional<Reply> refusal;  // answered without reading the body or asking a handler
  bool close = false;            // where the next request begins cannot be told: end after this one
  Match match;
  std::uint64_t body_limit = 0;  // bytes
};

// Judges a request by its head: target, Host, route, Transfer-Encoding, announced length, Expect.
// Fills path and query of the request, and its id when the client sent a sane one. With a guard
// also by who asks, which fills actor and remote.
Admission admit(Request& request, const Framing& framing, const Router& router,
                const BodyLimits& limits, Guard* guard = nullptr);

Reply body_too_large(const Request& request, std::uint64_t limit);  // 413, states the limit

}  // namespace fovea::server
