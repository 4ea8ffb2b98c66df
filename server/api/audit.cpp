#include <limits>

#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/store/audit_log.h"
#include "server/text/time.h"

namespace fovea::server {

using Json = nlohmann::ordered_json;

Reply list_audit(const Request& request, App& app) {
  const auto limit = static_cast<int>(read_number(request, "limit", 1, 1000, 100));
  const std::int64_t before =
      read_number(request, "before", 1, std::numeric_limits<std::int64_t>::max(), 0);
  const auto entries = app.store->audit().newest(limit, before);
  Json list = Json::array();
  for (const AuditEntry& entry : entries) {
    const Json detail = Json::parse(entry.detail, nullptr, false);
    list.push_back({{"id", entry.id},
                    {"time", iso_time(entry.time)},
                    {"actor", entry.actor},
                    {"action", entry.action},
                    {"subject", entry.subject},
                    {"detail", detail.is_object() ? detail : Json::object()}});
  }
  Json body = {{"entries", std::move(list)}};
  if (entries.size() == static_cast<std::size_t>(limit) && entries.back().id > 1) {
    body["next"] = "/api/v1/audit?limit=" + std::to_string(limit) +
                   "&before=" + std::to_string(entries.back().id);
  }
  return json_reply(body);
}

}  // namespace fovea::server
