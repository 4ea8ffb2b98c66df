#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/data/dataset_change.h"
#include "server/http/message.h"
#include "server/store/audit_log.h"

namespace fovea::server {

class App;
class Store;

// Adds an entry to the audit log; its actor is that of the request.
void audit(Store& store, const Request& request, const std::string& action,
           const std::string& subject, const nlohmann::ordered_json& detail);

// The entry for a change that is made together with it.
AuditEntry audit_entry(const Request& request, const std::string& action,
                       const std::string& subject, const nlohmann::ordered_json& detail);

// A change of the training data and its audit entry, which follows the change. If the server is
// killed in between, recover_training_data() adds the entry at the next start.
class AuditedChange {
 public:
  AuditedChange(App& app, const Request& request, const std::string& action);
  const ChangeNote& note() const { return note_; }  // for the change
  // After the change. The detail also gets the id of the note as "change".
  void record(const std::string& subject, nlohmann::ordered_json detail) const;

 private:
  App& app_;
  const Request& request_;
  const std::string action_;
  ChangeNote note_;
};

}  // namespace fovea::server
