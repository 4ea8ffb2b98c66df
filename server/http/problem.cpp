#include "server/http/problem.h"

#include <nlohmann/json.hpp>

namespace fovea::server {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

Reply json_reply(const nlohmann::ordered_json& body, int status) {
  Reply reply;
  reply.status = status;
  reply.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  reply.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return reply;
}

Reply problem(const Request& request, int status, std::string_view detail) {
  return problem(request, status, detail, nlohmann::ordered_json::object());
}

Reply problem(const Request& request, int status, std::string_view detail,
              const nlohmann::ordered_json& more) {
  nlohmann::ordered_json body = {{"type", "about:blank"},   {"title", reason_phrase(status)},
                                 {"status", status},        {"detail", detail},
                                 {"error", detail},         {"instance", request.path},
                                 {"request_id", request.id}};
  body.update(more);
  Reply reply = json_reply(body, status);
  reply.fields[0].second = "application/problem+json";
  return reply;
}

}  // namespace fovea::server
