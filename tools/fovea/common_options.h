#pragma once

#include <filesystem>
#include <string>

#include "engine/data/dataset.h"
#include "tools/fovea/options.h"

// Options that several verbs share: the same names and help texts everywhere.
namespace fovea::tools {

// --data-dir: where datasets, runs and the server's state are stored.
Option add_data_dir(Verb& verb, std::string& data_dir);
// What the option gave, else default_data_dir().
std::filesystem::path data_dir_or_default(const std::string& data_dir);

// --data: the name of a dataset.
Option add_dataset(Verb& verb, std::string& name, const std::string& help);
// Opens dataset `name` of a data directory. If it does not exist, throws an IoError that names the
// command that creates it and the datasets that exist.
Dataset open_dataset(const std::filesystem::path& data_dir, const std::string& name);

// --threads; 0 (the default): all that this process may use.
Option add_threads(Verb& verb, int& threads);
int threads_or_all(int threads);

}  // namespace fovea::tools
