#include "server/store/project_folder.h"

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/text/project_name.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using Names = std::vector<std::string>;

TEST_CASE("a project is a folder with its settings", "[server][projects]") {
  const TemporaryFolder data;
  CHECK(project_names(data.path()).empty());
  ProjectSettings settings;
  settings.title = "Hand signs";
  settings.preset = "tiny";
  const ProjectSettings made = create_project_folder(data.path(), "hands", settings);
  CHECK(made.schema.starts_with("project_"));
  CHECK(project_names(data.path()) == Names{"hands"});
  const auto folder = existing_project_folder(data.path(), "hands");
  CHECK(folder == data.path() / "projects" / "hands");
  const ProjectSettings read = read_project(folder);
  CHECK(read.title == "Hand signs");
  CHECK(read.preset == "tiny");
  CHECK(read.schema == made.schema);
  CHECK(read.created == made.created);
  CHECK_THROWS_AS(create_project_folder(data.path(), "hands", {}), ProjectExists);
  CHECK(project_folder(data.path(), "default") == data.path());
}

TEST_CASE("only safe names are the names of projects", "[server][projects]") {
  const TemporaryFolder data;
  for (const char* name : {"a", "7", "hand-signs", "a--b-"}) CHECK(is_project_name(name));
  CHECK(is_project_name(std::string(64, 'a')));
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("../x"), std::string(".."),
        std::string("-a"), std::string("A"), std::string("a_b"), std::string("a/b"),
        std::string("a\0b", 3), std::string("\xc3\xa4")}) {
    INFO(name);
    CHECK_FALSE(is_project_name(name));
    CHECK_THROWS_AS(create_project_folder(data.path(), name, {}), FormatError);
    CHECK_THROWS_AS(existing_project_folder(data.path(), name), FormatError);
  }
  CHECK_THROWS_AS(create_project_folder(data.path(), "default", {}), FormatError);
  CHECK(std::filesystem::is_empty(data.path()));
}

TEST_CASE("a project needs a preset or a backbone that the engine knows", "[server][projects]") {
  const TemporaryFolder data;
  ProjectSettings settings;
  settings.preset = "huge";
  CHECK_THROWS_WITH(create_project_folder(data.path(), "a", settings),
                    ContainsSubstring("\"huge\"; there are tiny, small"));
  settings.preset.clear();
  settings.backbone = "resnet";
  CHECK_THROWS_AS(create_project_folder(data.path(), "a", settings), ConfigError);
  settings.backbone = "efficientnet-lite0";
  create_project_folder(data.path(), "a", settings);
  CHECK(read_project(data.path() / "projects/a").backbone == "efficientnet-lite0");
  write_file_atomically(data.path() / "projects/a/project.json", "{}");
  CHECK_THROWS_AS(read_project(data.path() / "projects/a"), FormatError);
}

TEST_CASE("an interrupted creation leaves no project", "[server][projects]") {
  const TemporaryFolder data;
  write_file_atomically(data.path() / "projects/.new-1/project.json", "{}");
  write_file_atomically(data.path() / "projects/empty/other", "");
  CHECK(project_names(data.path()).empty());
  remove_unfinished_projects(data.path());
  CHECK_FALSE(std::filesystem::exists(data.path() / "projects/.new-1"));
  CHECK(std::filesystem::exists(data.path() / "projects/empty"));
}

TEST_CASE("a deleted project can be restored until it is purged", "[server][projects]") {
  const TemporaryFolder data;
  create_project_folder(data.path(), "a", {});
  write_file_atomically(data.path() / "projects/a/file", "first");
  trash_project_folder(data.path(), "a");
  CHECK(project_names(data.path()).empty());
  CHECK_THROWS_WITH(existing_project_folder(data.path(), "a"),
                    ContainsSubstring("the projects are default"));
  create_project_folder(data.path(), "a", {});
  CHECK_THROWS_AS(restore_project_folder(data.path(), "a"), ProjectExists);
  rename_project_folder(data.path(), "a", "b");
  restore_project_folder(data.path(), "a");
  CHECK(std::filesystem::exists(data.path() / "projects/a/file"));
  CHECK(project_names(data.path()) == Names{"a", "b"});
  CHECK_THROWS_AS(restore_project_folder(data.path(), "a"), NoProject);
  CHECK_THROWS_AS(rename_project_folder(data.path(), "a", "b"), ProjectExists);
  trash_project_folder(data.path(), "a");
  trash_project_folder(data.path(), "b");
  const auto deleted = deleted_projects(data.path());
  REQUIRE(deleted.size() == 2);
  for (const DeletedProject& project : deleted) {
    const auto age = std::chrono::system_clock::now() - project.deleted;
    CHECK(age < std::chrono::seconds(60));
    purge_project_folder(project);
  }
  CHECK(deleted_projects(data.path()).empty());
}

}  // namespace
}  // namespace fovea::tests
