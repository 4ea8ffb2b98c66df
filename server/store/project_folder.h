#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

// The folders of the projects in a data directory. The default project is the data directory
// itself; another one is projects/NAME in it, with the same contents and a file project.json. A
// deleted project is kept in projects/.trash until it is purged.
namespace fovea::server {

// The contents of project.json.
struct ProjectSettings {
  // Not inline: GCC 12 would warn about members that an exception leaves uninitialised.
  ProjectSettings();
  std::string title;             // for display; empty: the name
  std::string preset = "small";  // the network of the first training (engine/model/presets.h) ...
  std::string backbone;          // ... unless this is not empty (engine/model/backbones.h)
  std::string schema;            // of its records if the server uses PostgreSQL
  std::chrono::system_clock::time_point created;
};

// A project of this name does not exist, or already exists.
class NoProject : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class ProjectExists : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct DeletedProject {
  std::string name;
  std::filesystem::path folder;
  std::chrono::system_clock::time_point deleted;
};
// After this time a deleted project may be purged.
inline constexpr std::chrono::hours kTrashTime{30 * 24};

// The folder of a project, which may not exist. Throws FormatError if the name is invalid.
std::filesystem::path project_folder(const std::filesystem::path& data_dir,
                                     const std::string& name);
// Throws ProjectExists if a project has this name, FormatError if the name is invalid.
void require_free_name(const std::filesystem::path& data_dir, const std::string& name);
// Throws NoProject, which names the projects that exist, unless the project exists.
std::filesystem::path existing_project_folder(const std::filesystem::path& data_dir,
                                              const std::string& name);
// The names of the projects besides the default one, sorted.
std::vector<std::string> project_names(const std::filesystem::path& data_dir);

// Throws IoError and FormatError naming the file.
ProjectSettings read_project(const std::filesystem::path& folder);
void write_project(const std::filesystem::path& folder, const ProjectSettings& settings);

// Throws ConfigError unless preset and backbone are names that the engine knows.
void check_project_recipe(const ProjectSettings& settings);

// Creates the folder with its project.json; sets `created` and `schema`. A crash leaves nothing, or
// a folder that remove_unfinished_projects() removes. Throws ProjectExists, FormatError for an
// invalid name, and what check_project_recipe() throws.
ProjectSettings create_project_folder(const std::filesystem::path& data_dir,
                                      const std::string& name, ProjectSettings settings);
void remove_unfinished_projects(const std::filesystem::path& data_dir);

// The functions below REQUIRE that no process uses the project. Throw NoProject, ProjectExists.
void rename_project_folder(const std::filesystem::path& data_dir, const std::string& from,
                           const std::string& to);
// Moves the project into the trash.
void trash_project_folder(const std::filesystem::path& data_dir, const std::string& name);
// The deleted projects, the latest first.
std::vector<DeletedProject> deleted_projects(const std::filesystem::path& data_dir);
// Those of this name, at least one.
std::vector<DeletedProject> deleted_projects(const std::filesystem::path& data_dir,
                                             const std::string& name);
// Restores the project of this name that was deleted last.
void restore_project_folder(const std::filesystem::path& data_dir, const std::string& name);
// Deletes the folder for good.
void purge_project_folder(const DeletedProject& project);

}  // namespace fovea::server
