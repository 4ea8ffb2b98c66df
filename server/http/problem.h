#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"

namespace fovea::server {

// Thrown by a handler that does not serve the request: the response is a problem with this status,
// this text and these header fields.
class HttpError : public std::runtime_error {
 public:
  HttpError(int code, const std::string& detail, Fields header = {})
      : std::runtime_error(detail), status(code), fields(std::move(header)) {}
  const int status;
  const Fields fields;
};

// Makes the response to a request whose handler threw; `log` gets what the client must not see.
using ProblemOf = Reply (*)(const Request&, const std::exception_ptr& error,
                            const std::function<void(const std::string&)>& log);

std::string_view reason_phrase(int status);

// An error answer as RFC 9457 has it (application/problem+json): type, title, status, detail,
// instance, and besides `error` (the same text as detail) and `request_id`.
Reply problem(const Request& request, int status, std::string_view detail);
// The same with further members.
Reply problem(const Request& request, int status, std::string_view detail,
              const nlohmann::ordered_json& more);

// A JSON answer. Text that is not UTF-8 is sent with replacement characters.
Reply json_reply(const nlohmann::ordered_json& body, int status = 200);

}  // namespace fovea::server
