#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "engine/data/data_dir.h"
#include "server/store/folder_lock.h"
#include "server/store/project_folder.h"
#include "server/text/time.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

struct ProjectArguments {
  std::string data_dir, name, new_name, title, preset, backbone;

  fs::path directory() const { return data_dir_or_default(data_dir); }
};

std::string image_count(const fs::path& folder) {
  const fs::path images = dataset_folder(folder, kDefaultDataset);
  const std::size_t count = Dataset::exists(images) ? Dataset::open(images).images().size() : 0;
  return server::counted(static_cast<std::int64_t>(count), "image");
}

void list(const ProjectArguments& arguments) {
  const fs::path directory = arguments.directory();
  fmt::print("{:<24} {:>14}\n", server::kDefaultProject, image_count(directory));
  for (const std::string& name : server::project_names(directory)) {
    const fs::path folder = server::project_folder(directory, name);
    const server::ProjectSettings settings = server::read_project(folder);
    fmt::print("{:<24} {:>14}  {}  {}{}\n", name, image_count(folder),
               server::iso_seconds(settings.created),
               settings.backbone.empty() ? settings.preset : settings.backbone,
               settings.title.empty() ? "" : "  " + settings.title);
  }
  for (const server::DeletedProject& project : server::deleted_projects(directory)) {
    fmt::print("{:<24} deleted {}; `fovea project restore {}` restores it until {}\n", project.name,
               server::iso_seconds(project.deleted), project.name,
               server::iso_seconds(project.deleted + server::kTrashTime));
  }
}

void create(const ProjectArguments& arguments) {
  server::ProjectSettings settings;
  settings.title = arguments.title;
  if (!arguments.preset.empty() && !arguments.backbone.empty()) {
    throw UsageError("give either --preset or --backbone");
  }
  if (!arguments.preset.empty()) settings.preset = arguments.preset;
  if (!arguments.backbone.empty()) {
    settings.preset.clear();
    settings.backbone = arguments.backbone;
  }
  server::create_project_folder(arguments.directory(), arguments.name, settings);
  const fs::path folder = server::project_folder(arguments.directory(), arguments.name);
  fmt::print("{}\nAdd images with: fovea data import FOLDER --project {}\n", folder.string(),
             arguments.name);
}

void rename(const ProjectArguments& arguments) {
  server::rename_project_folder(arguments.directory(), arguments.name, arguments.new_name);
  fmt::print("{}\n", server::project_folder(arguments.directory(), arguments.new_name).string());
}

void remove(const ProjectArguments& arguments) {
  server::trash_project_folder(arguments.directory(), arguments.name);
  fmt::print("Deleted. `fovea project restore {}` restores it.\n", arguments.name);
}

void restore(const ProjectArguments& arguments) {
  server::restore_project_folder(arguments.directory(), arguments.name);
  fmt::print("{}\n", server::project_folder(arguments.directory(), arguments.name).string());
}

}  // namespace

void add_project(Verb& program) {
  const auto arguments = std::make_shared<ProjectArguments>();
  Verb project = program.verb("project", "List, create, rename and delete projects of a server");
  project.needs_verb();
  const auto verb = [&](const char* name, const char* help, void (*run)(const ProjectArguments&)) {
    Verb sub = project.verb(name, help);
    add_data_dir(sub, arguments->data_dir);
    sub.action([arguments, run] { run(*arguments); });
    return sub;
  };
  // A change would not be seen by a running server, which can make it itself.
  const auto change = [&](const char* name, const char* help,
                          void (*run)(const ProjectArguments&)) {
    Verb sub = project.verb(name, help);
    add_data_dir(sub, arguments->data_dir);
    sub.option("name", arguments->name, "Name of the project").required();
    sub.action([arguments, run] {
      const server::FolderLock lock(arguments->directory());
      run(*arguments);
    });
    return sub;
  };
  verb("list", "List all projects", list);
  Verb create_verb = change("create", "Create a project (while no server runs)", create);
  create_verb.option("--title", arguments->title, "Title for display").value_name("TEXT");
  create_verb
      .option("--preset", arguments->preset, "Network of the first training (default: small)")
      .value_name("NAME");
  create_verb
      .option("--backbone", arguments->backbone,
              "Network with published weights instead of a preset")
      .value_name("NAME");
  change("rename", "Rename a project (while no server runs)", rename)
      .option("new-name", arguments->new_name, "New name")
      .required();
  change("delete", "Delete a project, which can be restored (while no server runs)", remove);
  change("restore", "Restore a deleted project (while no server runs)", restore);
}

}  // namespace fovea::tools
