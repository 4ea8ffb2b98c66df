// Projects: creating, renaming, deleting and restoring projects.

#include <fmt/format.h>

#include "engine/core/error.h"
#include "server/app/projects.h"

namespace fovea::server {

namespace fs = std::filesystem;

// Runs a change of the folders with its errors as ProjectRefusal, and reports it to the fleet.
template <class F>
void Projects::change(F&& f) {
  const std::lock_guard lock(changing_);
  try {
    f();
  } catch (const NoProject& error) {
    throw ProjectRefusal(404, error.what());
  } catch (const ProjectExists& error) {
    throw ProjectRefusal(409, error.what());
  } catch (const FormatError& error) {
    throw ProjectRefusal(422, error.what());
  } catch (const ConfigError& error) {
    throw ProjectRefusal(422, error.what());
  }
  notify_fleet(*default_.store, kProjectsChanged, "");
}

void Projects::require_room() {
  const std::lock_guard lock(mutex_);
  if (static_cast<int>(projects_.size()) < max_projects_) return;
  throw ProjectRefusal(409, fmt::format("this server has {} projects, the limit set with "
                                        "--max-projects; delete one first",
                                        projects_.size()));
}

void Projects::create(const std::string& name, const ProjectSettings& settings) {
  change([&] {
    require_room();
    create_project_folder(data_dir_, name, settings);
    open(name);
    if (!broken().contains(name)) return;
    close(name);
    std::error_code ignored;
    fs::remove_all(project_folder(data_dir_, name), ignored);
    throw ProjectRefusal(503,
                         fmt::format("the project \"{}\" could not be created; the server's log "
                                     "says why",
                                     name));
  });
}

void Projects::set_title(const std::string& name, const std::string& title) {
  change([&] {
    const fs::path folder = existing_project_folder(data_dir_, name);
    if (name == kDefaultProject) throw FormatError("the default project has no title");
    ProjectSettings settings = read_project(folder);
    settings.title = title;
    write_project(folder, settings);
  });
}

void Projects::rename(const std::string& from, const std::string& to) {
  change([&] {
    existing_project_folder(data_dir_, from);
    require_free_name(data_dir_, to);  // before the project is closed
    if (from == kDefaultProject) throw ProjectRefusal(409, "the default project keeps its name");
    if (find(from)->jobs().busy()) {
      throw ProjectRefusal(409,
                           fmt::format("a job of the project \"{}\" is queued or running; wait "
                                       "for it or cancel it",
                                       from));
    }
    close(from);
    rename_project_folder(data_dir_, from, to);
    open(to);
  });
}

void Projects::remove(const std::string& name) {
  change([&] {
    if (name == kDefaultProject) {
      throw ProjectRefusal(409, "the default project cannot be deleted");
    }
    close(name);
    trash_project_folder(data_dir_, name);
    purge_old();
  });
}

void Projects::restore(const std::string& name) {
  change([&] {
    require_room();
    restore_project_folder(data_dir_, name);
    open(name);
  });
}

void Projects::purge(const std::string& name) {
  change([&] {
    for (const DeletedProject& project : deleted_projects(data_dir_, name)) purge_folder(project);
  });
}

void Projects::purge_folder(const DeletedProject& project) {
  const std::string& url = default_.options.database_url;
  if (!url.empty()) drop_postgres_schema(url, read_project(project.folder).schema);
  purge_project_folder(project);
}

// A failure must not prevent the change after which it is called; the next one tries again.
void Projects::purge_old() {
  for (const DeletedProject& project : deleted_projects(data_dir_)) {
    if (project.deleted + kTrashTime > std::chrono::system_clock::now()) continue;
    try {
      purge_folder(project);
    } catch (const std::exception& error) {
      report(fmt::format("cannot delete {}: {}", project.folder.string(), error.what()));
    }
  }
}

}  // namespace fovea::server
