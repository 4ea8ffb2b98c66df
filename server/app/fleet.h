#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/events/hub.h"
#include "server/jobs/jobs.h"
#include "server/registry/registry.h"
#include "server/store/store.h"

namespace fovea::server {

// Connects this process with the other processes that share its store. Events of the hub are passed
// on to them, and what they report is applied here: events, the progress of jobs, and changes of
// the active version. With SQLite there are no others. Any thread.
class Fleet {
 public:
  // `projects_changed` is called when another process has changed the projects, or may have; `log`
  // on any thread.
  Fleet(Store& store, Hub& hub, Registry& registry, Jobs& jobs,
        std::function<void()> projects_changed, std::function<void(const std::string&)> log);
  ~Fleet();  // on return the store calls nothing of this object
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

 private:
  void receive(const std::string& kind, const std::string& payload);
  void receive_event(const std::string& name, const std::string& data);
  void follow_version(bool rollback);

  Store& store_;
  Hub& hub_;
  Registry& registry_;
  Jobs& jobs_;
  const std::function<void()> projects_changed_;
  const std::function<void(const std::string&)> log_;
};

// The kind of the notification that the projects have changed.
inline constexpr const char* kProjectsChanged = "projects";

// Sends a notification to the other processes; ignores that the database is unavailable, because
// they get a resync afterwards.
void notify_fleet(Store& store, const std::string& kind, const std::string& payload);
// The relay of a Hub: passes its events on, except those that each process publishes itself.
void relay_to_fleet(Store& store, std::string_view name, const std::string& data);

}  // namespace fovea::server
