#include "tools/fovea/common_options.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "server/dataset/known_datasets.h"

namespace fovea::tools {
namespace {

bool is_default_data_dir(const std::filesystem::path& data_dir) {
  try {
    return data_dir == default_data_dir();
  } catch (const IoError&) {  // there is no default
    return false;
  }
}

}  // namespace

Option add_data_dir(Verb& verb, std::string& data_dir) {
  return verb
      .option("--data-dir", data_dir,
              "Data directory (default: $FOVEA_DATA_DIR, or else ~/.local/share/fovea)")
      .value_name("DIR");
}

std::filesystem::path data_dir_or_default(const std::string& data_dir) {
  return data_dir.empty() ? default_data_dir() : std::filesystem::path(data_dir);
}

Option add_dataset(Verb& verb, std::string& name, const std::string& help) {
  return verb.option("--data", name, help).value_name("NAME");
}

Dataset open_dataset(const std::filesystem::path& data_dir, const std::string& name) {
  const std::filesystem::path folder = dataset_folder(data_dir, name);
  if (Dataset::exists(folder)) return Dataset::open(folder);
  const std::string command = server::is_known_dataset(name)
                                  ? "Download it with: fovea data fetch " + name
                                  : "Create it with: fovea data import FOLDER --name " + name;
  const std::string in_data_dir =
      is_default_data_dir(data_dir) ? "" : fmt::format(" --data-dir '{}'", data_dir.string());
  std::string existing;
  for (const std::string& other : dataset_names(data_dir)) {
    existing += (existing.empty() ? "\nDatasets in this data directory: " : ", ") + other;
  }
  throw IoError(fmt::format("there is no dataset \"{}\" in {}. {}{}{}", name, data_dir.string(),
                            command, in_data_dir, existing));
}

Option add_threads(Verb& verb, int& threads) {
  return verb.option("--threads", threads, "Number of threads (default: all that are available)")
      .value_name("N")
      .range(1, 1024);
}

int threads_or_all(int threads) {
  return threads > 0 ? threads : available_threads();
}

}  // namespace fovea::tools
