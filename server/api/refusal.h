#pragma once

#include <stdexcept>
#include <string>

#include "server/http/problem.h"

namespace fovea::server {

// A request that a handler will not serve; becomes a problem+json answer.
class Refusal : public std::runtime_error {
 public:
  Refusal(int code, const std::string& text) : std::runtime_error(text), status(code) {}
  const int status;
};

// What `handler` answers, or the problem that it threw as a Refusal.
template <class Handler>
Reply refusing(const Request& request, Handler&& handler) {
  try {
    return handler();
  } catch (const Refusal& refusal) {
    return problem(request, refusal.status, refusal.what());
  }
}

}  // namespace fovea::server
