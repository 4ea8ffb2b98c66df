#pragma once

#include <filesystem>
#include <string>

#include "engine/data/dataset.h"
#include "server/text/project_name.h"
#include "tools/fovea/options.h"

// Options that several verbs share: the same names and help texts everywhere.
namespace fovea::tools {

// --data-dir: where datasets, runs and the server's state are stored.
Option add_data_dir(Verb& verb, std::string& data_dir);
// What the option gave, else default_data_dir().
std::filesystem::path data_dir_or_default(const std::string& data_dir);

// --data-dir and --project: a project in a data directory.
struct ProjectDir {
  std::string data_dir;
  std::string project{server::kDefaultProject};
  // Where its datasets and runs are. Throws NoProject naming the projects that exist.
  std::filesystem::path path() const;
};
void add_project_dir(Verb& verb, ProjectDir& directory);

// --database: a PostgreSQL database that several processes share.
Option add_database(Verb& verb, std::string& url, const std::string& help);
// --job-timeout, in seconds.
Option add_job_timeout(Verb& verb, int& seconds);
// The URL without its password, for output.
std::string without_password(const std::string& url);

// --data: the name of a dataset.
Option add_dataset(Verb& verb, std::string& name, const std::string& help);
// Opens dataset `name` of a data directory. If it does not exist, throws an IoError that names the
// command that creates it and the datasets that exist.
Dataset open_dataset(const std::filesystem::path& data_dir, const std::string& name);

// --max-megapixels: the largest image that is decoded.
constexpr const char* kMaxMegapixelsVariable = "FOVEA_MAX_MEGAPIXELS";
Option add_max_megapixels(Verb& verb, int& megapixels);
constexpr int kDefaultMegapixels = 64;
void use_max_megapixels(int megapixels);

// --threads; 0 (the default): all that this process may use.
Option add_threads(Verb& verb, int& threads);
int threads_or_all(int threads);

}  // namespace fovea::tools
