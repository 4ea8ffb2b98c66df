#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"

namespace fovea::server {

// Thrown by a handler that rejects the request. The response is a problem with this status, this
// text as `detail`, and these header fields.
class HttpError : public std::runtime_error {
 public:
  HttpError(int code, const std::string& detail, Fields header = {})
      : std::runtime_error(detail), status(code), fields(std::move(header)) {}
  const int status;
  const Fields fields;
};

// Makes the response to a request whose handler threw. Passes to `log` what the client must not
// see.
using ProblemOf = Reply (*)(const Request&, const std::exception_ptr& error,
                            const std::function<void(const std::string&)>& log);

std::string_view reason_phrase(int status);

// An error response of type application/problem+json (RFC 9457) with type, title, status, detail
// and instance, and also `error` (the same text as detail) and `request_id`.
Reply problem(const Request& request, int status, std::string_view detail);
// The same with more members.
Reply problem(const Request& request, int status, std::string_view detail,
              const nlohmann::ordered_json& more);

// A JSON response. Bytes that are not UTF-8 become replacement characters.
Reply json_reply(const nlohmann::ordered_json& body, int status = 200);

}  // namespace fovea::server
