#include "server/app/projects.h"

#include <atomic>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kCloseTimeout{30};  // for the requests in progress
constexpr std::chrono::milliseconds kPollInterval{10};

std::function<void(const std::string&)> with_name(
    const std::string& name, const std::function<void(const std::string&)>& log) {
  if (!log) return log;
  return [prefix = "project " + name + ": ", log](const std::string& line) { log(prefix + line); };
}

AppOptions options_of(const AppOptions& base, const std::string& name, const fs::path& folder) {
  AppOptions options = base;
  options.project = name;
  options.settings = read_project(folder);
  options.data_dir = folder;
  options.on_error = with_name(name, base.on_error);
  options.on_event = with_name(name, base.on_event);
  options.registry.on_event = with_name(name, base.registry.on_event);
  options.watchdog.on_event = with_name(name, base.watchdog.on_event);
  return options;
}

std::string does_not_exist(const std::string& name) {
  return fmt::format("the project \"{}\" does not exist", name.substr(0, 100));
}

}  // namespace

Projects::Projects(App& default_project, int max_projects)
    : default_(default_project),
      data_dir_(default_project.options.data_dir),
      max_projects_(max_projects) {
  const bool alone = default_.options.database_url.empty();
  {
    const std::lock_guard lock(changing_);
    if (alone) remove_unfinished_projects(data_dir_);
    for (const std::string& name : project_names(data_dir_)) open(name);
    purge_old();
  }
  default_.runtime->projects = this;
  if (alone) return;
  refresher_ = std::jthread([this](const std::stop_token& stop) { refresh_when_changed(stop); });
  default_.runtime->on_projects_changed([this] {
    const std::lock_guard lock(refresh_mutex_);
    refresh_due_ = true;
    refresh_changed_.notify_all();
  });
}

Projects::~Projects() {
  default_.runtime->on_projects_changed({});
  if (refresher_.joinable()) {
    refresher_.request_stop();
    refresher_.join();
  }
  default_.runtime->projects = nullptr;
  drain();
  default_.runtime->batcher.stop();  // its threads use the projects
  projects_.clear();
}

void Projects::report(const std::string& text) const {
  if (default_.options.on_error) default_.options.on_error(text);
}

Projects::Lease Projects::lease(const Project& project) {
  // The lease owns a use of the project, not the project: close() waits for the end of all uses.
  return {project.uses, project.app.get()};
}

Projects::Lease Projects::find(const std::string& name) {
  if (name == kDefaultProject) return {std::shared_ptr<void>(), &default_};
  const std::lock_guard lock(mutex_);
  const auto found = projects_.find(name);
  if (found == projects_.end()) throw HttpError(404, does_not_exist(name));
  const Project& project = found->second;
  if (project.closing) {
    throw HttpError(503, fmt::format("project \"{}\" is being changed; try again", name),
                    {{"Retry-After", "1"}});
  }
  if (!project.app) {
    throw HttpError(
        503, fmt::format("project \"{}\" cannot be opened; the server's log says why", name));
  }
  return lease(project);
}

std::vector<Projects::Lease> Projects::all() {
  std::vector<Lease> leases{find(std::string(kDefaultProject))};
  const std::lock_guard lock(mutex_);
  for (const auto& [name, project] : projects_) {
    if (project.app && !project.closing) leases.push_back(lease(project));
  }
  return leases;
}

std::map<std::string, std::string> Projects::broken() {
  std::map<std::string, std::string> problems;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, project] : projects_) {
    if (!project.problem.empty()) problems[name] = project.problem;
  }
  return problems;
}

std::vector<DeletedProject> Projects::deleted() {
  return deleted_projects(data_dir_);
}

void Projects::open(const std::string& name) {
  Project project;
  project.uses = std::make_shared<const int>(0);
  try {
    const fs::path folder = existing_project_folder(data_dir_, name);
    project.app = std::make_unique<App>(
        options_of(default_.options, name, folder),
        [](Registry& registry) { registry.load_champion(); }, default_.runtime);
  } catch (const std::exception& error) {
    project.problem = error.what();
    report(fmt::format("project \"{}\" cannot be opened: {}", name, error.what()));
  }
  const std::lock_guard lock(mutex_);
  projects_[name] = std::move(project);
}

// Ends the streams, waits for the requests in progress, and stops the jobs.
void Projects::close(const std::string& name) {
  App* app = nullptr;
  std::shared_ptr<const int> uses;
  {
    const std::lock_guard lock(mutex_);
    const auto found = projects_.find(name);
    if (found == projects_.end()) throw ProjectRefusal(404, does_not_exist(name));
    found->second.closing = true;
    app = found->second.app.get();
    uses = found->second.uses;
  }
  if (app) {
    app->hub.end_streams();
    app->jobs().end_streams();
  }
  constexpr int kOwn = 2;  // the project's, and this one
  const auto deadline = std::chrono::steady_clock::now() + kCloseTimeout;
  while (uses.use_count() > kOwn && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPollInterval);
  }
  std::map<std::string, Project>::node_type closed;     // destroyed without the lock
  std::atomic_thread_fence(std::memory_order_acquire);  // use_count() does not synchronise
  const std::lock_guard lock(mutex_);
  if (uses.use_count() > kOwn) {
    projects_.at(name).closing = false;
    throw ProjectRefusal(
        503, fmt::format("requests to the project \"{}\" are still in progress; try again", name));
  }
  closed = projects_.extract(name);
}

void Projects::drain() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, project] : projects_) {
    if (!project.app) continue;
    project.app->jobs().drain();
    project.app->hub.close();
  }
}

// The thread that follows the changes of other processes.
void Projects::refresh_when_changed(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock(refresh_mutex_);
      if (!refresh_changed_.wait(lock, stop, [this] { return refresh_due_; })) return;
      refresh_due_ = false;
    }
    const std::lock_guard changing(changing_);
    close_vanished();
    for (const std::string& name : project_names(data_dir_)) {
      bool known = false;
      {
        const std::lock_guard lock(mutex_);
        const auto found = projects_.find(name);
        known = found != projects_.end() && found->second.app;  // else it is tried again
      }
      if (!known) open(name);
    }
  }
}

// Also closes a project in whose place there is another one of the same name.
void Projects::close_vanished() {
  const auto is_there = [&](const std::string& name, const Project& project) {
    try {
      const ProjectSettings settings = read_project(project_folder(data_dir_, name));
      return !project.app || settings.schema == project.app->options.settings.schema;
    } catch (const std::exception&) {
      return false;
    }
  };
  std::vector<std::string> vanished;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, project] : projects_) {
      if (!is_there(name, project)) vanished.push_back(name);
    }
  }
  for (const std::string& name : vanished) {
    try {
      close(name);
    } catch (const std::exception& error) {
      report(error.what());
    }
  }
}

}  // namespace fovea::server
