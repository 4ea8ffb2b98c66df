#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "server/app/app.h"
#include "server/store/project_folder.h"

namespace fovea::server {

// A change of the projects is not possible now; the text says why. `status` is the HTTP status:
// 404 no such project, 409 a conflict, 422 an invalid name or recipe, 503 try again later.
class ProjectRefusal : public std::runtime_error {
 public:
  ProjectRefusal(int code, const std::string& text) : std::runtime_error(text), status(code) {}
  const int status;
};

// The projects of a process: the default one and those in its data directory. Any thread; find()
// and all() wait for nothing, the others may take seconds and are serialised.
class Projects {
 public:
  // A project that is usable while the pointer exists.
  using Lease = std::shared_ptr<App>;

  // Opens all projects. One that cannot be opened is reported to options.on_error and answers 503.
  // Deletes projects for good that were deleted more than kTrashTime ago.
  Projects(App& default_project, int max_projects);
  ~Projects();  // REQUIRES: the server has stopped; also stops the batcher
  Projects(const Projects&) = delete;
  Projects& operator=(const Projects&) = delete;

  Lease find(const std::string& name);  // HttpError 404, 503
  std::vector<Lease> all();             // those that are open, the default one first
  // Why a project could not be opened, by name.
  std::map<std::string, std::string> broken();
  std::vector<DeletedProject> deleted();

  // The functions below throw ProjectRefusal, and IoError.
  void create(const std::string& name, const ProjectSettings& settings);
  void set_title(const std::string& name, const std::string& title);
  // Not while a job is queued or running.
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& name);  // into the trash
  void restore(const std::string& name);
  void purge(const std::string& name);  // deleted projects of this name, for good

  // Stops the jobs and streams of all projects. For the shutdown of the server.
  void drain();

 private:
  struct Project {
    std::unique_ptr<App> app;         // null: `problem` says why
    std::shared_ptr<const int> uses;  // each Lease holds it
    std::string problem;
    bool closing = false;
  };

  static Lease lease(const Project& project);
  // These REQUIRE changing_.
  void open(const std::string& name);
  void close(const std::string& name);
  void close_vanished();
  void require_room();
  void purge_folder(const DeletedProject& project);
  void purge_old();
  template <class F>
  void change(F&& f);

  void refresh_when_changed(const std::stop_token& stop);
  void report(const std::string& text) const;

  App& default_;
  const std::filesystem::path data_dir_;
  const int max_projects_;
  std::mutex changing_;  // held for the whole of a change
  std::mutex mutex_;     // protects projects_; never held while a project is opened or closed
  std::map<std::string, Project> projects_;

  std::mutex refresh_mutex_;  // protects refresh_due_
  std::condition_variable_any refresh_changed_;
  bool refresh_due_ = false;
  std::jthread refresher_;  // only with a shared database; last: it uses the other members
};

}  // namespace fovea::server
