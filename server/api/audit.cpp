#include "server/api/audit.h"

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/app/recover.h"
#include "server/http/problem.h"
#include "server/store/audit_log.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {

void audit(Store& store, const Request& request, const std::string& action,
           const std::string& subject, const Json& detail) {
  store.audit().append(audit_entry(request, action, subject, detail));
}

AuditEntry audit_entry(const Request& request, const std::string& action,
                       const std::string& subject, const Json& detail) {
  return {0,      {},      request.actor,
          action, subject, detail.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

AuditedChange::AuditedChange(App& app, const Request& request, const std::string& action)
    : app_(app), request_(request), action_(action), note_(change_note(request.actor, action)) {}

void AuditedChange::record(const std::string& subject, Json detail) const {
  detail["change"] = note_.id;
  audit(*app_.store, request_, action_, subject, detail);
  app_.training.forget_change(note_.id);
}

Reply list_audit(const Request& request, App& app) {
  const Page page = read_page(request, 1000, 100);
  const auto entries = app.store->audit().newest(page.limit, page.before);
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
  if (entries.size() == static_cast<std::size_t>(page.limit) && entries.back().id > 1) {
    body["next"] = next_page(app.api + "/audit", page, entries.back().id);
  }
  return json_reply(body);
}

}  // namespace fovea::server
