#include "tools/fovea/common_options.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "engine/image/decode.h"
#include "server/dataset/known_datasets.h"
#include "server/store/project_folder.h"

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

std::filesystem::path ProjectDir::path() const {
  return server::existing_project_folder(data_dir_or_default(data_dir), project);
}

void add_project_dir(Verb& verb, ProjectDir& directory) {
  add_data_dir(verb, directory.data_dir);
  verb.option("--project", directory.project, "Project of the data directory")
      .value_name("NAME")
      .show_default();
}

Option add_database(Verb& verb, std::string& url, const std::string& help) {
  return verb.option("--database", url, help).value_name("URL").environment("FOVEA_DATABASE_URL");
}

Option add_job_timeout(Verb& verb, int& seconds) {
  return verb
      .option("--job-timeout", seconds,
              "With --database: time without a sign of life after which the job of another process "
              "is continued by this one")
      .value_name("SECONDS")
      .range(2, 3600)
      .show_default();
}

std::string without_password(const std::string& url) {
  const auto authority = url.find("//");
  if (authority == std::string::npos) return url;
  const auto at = url.rfind('@', url.find_first_of("/?", authority + 2));
  const auto colon = url.find(':', authority + 2);
  if (at == std::string::npos || colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "***" + url.substr(at);
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

static_assert(kDefaultMegapixels * std::int64_t{1'000'000} == kDefaultMaxPixels);

Option add_max_megapixels(Verb& verb, int& megapixels) {
  return verb
      .option(
          "--max-megapixels", megapixels,
          "Largest image that is decoded, in millions of pixels; takes up to 16 bytes of memory "
          "per pixel")
      .value_name("N")
      .environment(kMaxMegapixelsVariable)
      .range(1, 400)
      .show_default();
}

void use_max_megapixels(int megapixels) {
  set_max_image_pixels(std::int64_t{megapixels} * 1'000'000);
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
