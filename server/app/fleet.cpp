#include "server/app/fleet.h"

#include <charconv>
#include <exception>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

// Kinds of notifications. Those of the hub's events are "hub." and the event's name.
constexpr const char* kAliases = "aliases";     // payload: the action of the audit log
constexpr const char* kCancel = "cancel";       // payload: the id of the job
constexpr const char* kJobEvent = "job_event";  // payload: the id of the job
constexpr std::string_view kHubEvent = "hub.";

}  // namespace

void notify_fleet(Store& store, const std::string& kind, const std::string& payload) {
  try {
    store.notify(kind, payload);
  } catch (const IoError&) {
  }
}

void relay_to_fleet(Store& store, std::string_view name, const std::string& data) {
  if (name == "model" || data.size() > kMaxNotification) return;
  notify_fleet(store, std::string(kHubEvent) + std::string(name), data);
}

Fleet::Fleet(Store& store, Hub& hub, Registry& registry, Jobs& jobs,
             std::function<void()> projects_changed, std::function<void(const std::string&)> log)
    : store_(store),
      hub_(hub),
      registry_(registry),
      jobs_(jobs),
      projects_changed_(std::move(projects_changed)),
      log_(std::move(log)) {
  store_.on_notify([this](const std::string& kind, const std::string& payload) {
    try {
      receive(kind, payload);
    } catch (const std::exception& error) {
      if (log_) log_("notification \"" + kind + "\": " + error.what());
    }
  });
  follow_version(false);  // a change since the version was loaded
}

Fleet::~Fleet() {
  store_.on_notify({});
}

void Fleet::receive(const std::string& kind, const std::string& payload) {
  if (kind == kResync) {
    follow_version(false);
    jobs_.changed_elsewhere(0);
    hub_.publish_from_elsewhere("resync", "{}");
    projects_changed_();
  } else if (kind == kAliases) {
    follow_version(payload == "rollback");
  } else if (kind == kProjectsChanged) {
    projects_changed_();
  } else if (kind == kCancel) {
    jobs_.cancel_requested_elsewhere();
  } else if (kind == kJobEvent) {
    jobs_.changed_elsewhere(parse_number<std::int64_t>(payload).value_or(0));
  } else if (kind.starts_with(kHubEvent)) {
    receive_event(kind.substr(kHubEvent.size()), payload);
  }
}

void Fleet::receive_event(const std::string& name, const std::string& data) {
  if (name == "job" || name == "progress") {
    const Json event = Json::parse(data);
    const auto id = event.at("id").get<std::int64_t>();
    if (name == "job") {
      const auto state = event.at("state").get<std::string>();
      if (state != "running") jobs_.progressed_elsewhere(id, "");
      jobs_.changed_elsewhere(id);
    } else {
      jobs_.progressed_elsewhere(id, event.at("progress").dump());
    }
  }
  hub_.publish_from_elsewhere(name, data);
}

void Fleet::follow_version(bool rollback) {
  try {
    registry_.follow(rollback);
  } catch (const std::exception& error) {
    // The previous version stays active. The next change or resync tries again.
    if (log_) log_(std::string("cannot activate the version of another process: ") + error.what());
  }
}

}  // namespace fovea::server
