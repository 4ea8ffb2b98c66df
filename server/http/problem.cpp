#include "server/http/problem.h"

#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>

namespace fovea::server {

std::string_view reason_phrase(int status) {
  // RFC 9110 renamed two phrases; Beast has the older ones.
  if (status == 413) return "Content Too Large";
  if (status == 422) return "Unprocessable Content";
  const auto phrase = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {phrase.data(), phrase.size()};
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
